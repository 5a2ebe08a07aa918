// Told: the effects that the SQL reader reports of a text, as values.
#pragma once

#include "shim/session/sql/sql.hh"
#include "shim/session/sql/tokens.hh"

#include <doctest/doctest.h>
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

// Returns the only effect that matters.
inline Told only_of(std::string_view sql, const Parameters& parameters) {
    std::vector<Told> all = read(sql, nullptr, parameters);
    std::erase_if(all, [](const Told& told) { return told.act == Act::define; });
    if (all.size() > 1)
        std::erase_if(all, [](const Told& told) { return told.act == Act::create; });
    INFO(sql);
    REQUIRE(all.size() == 1);
    return all[0];
}

inline Told only(std::string_view sql, const std::vector<const char*>& values = {}) {
    return only_of(sql,
                   Parameters(static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr));
}

// With one parameter of that type.
inline Told only_typed(std::string_view sql, unsigned type, std::string_view value, bool is_binary = false) {
    std::string bytes(value);
    const char* values[] = {bytes.c_str()};
    int lengths[] = {static_cast<int>(bytes.size())}, formats[] = {is_binary};
    return only_of(sql, Parameters(1, &type, values, lengths, formats));
}

} // namespace pqsweep::tests

#define CHECK_ACT(sql, does, of)                                                                             \
    do {                                                                                                     \
        INFO(sql);                                                                                           \
        Told told = only(sql);                                                                               \
        CHECK(static_cast<int>(told.act) == static_cast<int>(does));                                         \
        CHECK(told.key == (of));                                                                             \
    } while (false)
