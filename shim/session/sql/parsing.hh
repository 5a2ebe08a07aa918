// Parsing: the settings under which the server reads a statement's text. A prepared statement keeps what they made of it.
// Context: any. Allocates nothing and never reads past the text.
#pragma once

#include "shim/base/fixed_text.hh"
#include "shim/session/sql/tokens.hh"

namespace pqsweep::parsing {

constexpr FixedText<21> names[] = {"search_path",   "timezone",    "datestyle",
                                   "intervalstyle", "array_nulls", "transform_null_equals",
                                   "xmloption",     "lc_monetary"};

// `key`: a setting's name, as written.
inline bool is_one(std::string_view key) {
    return is_one_of(key, names);
}

} // namespace pqsweep::parsing
