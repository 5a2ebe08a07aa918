// Gives a connection the tag as its application_name if the program sets none. So pg_stat_activity shows which module
// holds what.
//
// Context: the owner's thread. errno: kept. Locks: none.
#pragma once

#include "shim/real/libpqs.hh"

#include <string_view>

namespace pqsweep {

// Holds the arguments of any connect call as the call that takes keywords has them. The tag comes first, as
// fallback_application_name: libpq lets a later entry of the list override it.
class NamedConnect {
public:
    explicit NamedConnect(std::string_view tag);
    NamedConnect(const NamedConnect&) = delete;
    NamedConnect& operator=(const NamedConnect&) = delete;

    // Takes the program's arguments. Returns false if the call must go on as it is: libpq would refuse it, or its list
    // is too long.
    bool take(const char* conninfo);
    bool take(const char* const* keywords, const char* const* values, int expand);
    bool take(const char* host, const char* port, const char* options, const char* tty, const char* db,
              const char* login, const char* password);

    const char* const* keywords() const { return keywords_; }
    const char* const* values() const { return values_; }
    int expand() const { return expand_; }

private:
    static constexpr size_t longest_name = 63; // NAMEDATALEN; the server cuts a longer one, with a NOTICE
    static constexpr int most = 64;            // libpq knows about 50 keywords

    bool add(const char* keyword, const char* value);

    char name_[longest_name + 1];
    const char* keywords_[most + 1];
    const char* values_[most + 1];
    int count_ = 0;
    int expand_ = 1;
};

} // namespace pqsweep
