// Told: the effects that the SQL reader reports of a text, as values.
#pragma once

#include "shim/session/sql/sql.hh"
#include "shim/session/sql/tokens.hh"

#include <string>
#include <vector>

namespace pqsweep::tests {

inline std::string folded(std::string_view name, bool of_setting) {
    std::string out(name.size(), '#');
    out.resize(fold_name(name, of_setting, out.data()));
    return out;
}

// An effect of a text.
struct Told {
    Act act;
    std::string key;
    std::string text;
    bool is_harmless;
    uint32_t statement;
    int column;
};

inline std::vector<Told> read(std::string_view sql, uint32_t* statements = nullptr,
                              const Parameters& parameters = {}) {
    std::vector<Told> all;
    uint32_t n = read_sql(sql, {}, parameters, [&](const Effect& e) {
        bool of_setting =
            e.act == Act::set || e.act == Act::set_unknown || e.act == Act::unset || e.act == Act::set_local;
        all.push_back({e.act, folded(e.key, of_setting), std::string(e.before) + std::string(e.text),
                       e.is_harmless, e.statement, e.column});
    });
    if (statements)
        *statements = n;
    return all;
}

} // namespace pqsweep::tests
