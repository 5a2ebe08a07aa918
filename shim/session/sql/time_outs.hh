// Time-outs: the settings by which the server ends a statement that waits too long.
// Context: any. Allocates nothing and never reads past the text.
#pragma once

#include "shim/base/fixed_text.hh"
#include "shim/session/sql/tokens.hh"

namespace pqsweep::time_outs {

constexpr FixedText<19> names[] = {"lock_timeout", "statement_timeout", "transaction_timeout"};

// `key`: a setting's name, as written.
inline bool is_one(std::string_view key) {
    return is_one_of(key, names);
}

// Returns false for a value, or a statement with it, that is 0: the server ends nothing then. True if the text does not show it.
inline bool is_time(std::string_view text) {
    bool has_zero = false;
    for (char c : text) {
        if (c >= '1' && c <= '9')
            return true;
        has_zero |= c == '0';
    }
    return !has_zero;
}

} // namespace pqsweep::time_outs
