#include "shim/hooks/connect_with_appname.hh"

#include "shim/base/text.hh"

namespace pqsweep {

namespace {

// Returns whether libpq takes the value of dbname for a connection string, and not for a database's name.
bool is_connection_string(std::string_view text) {
    return starts_with(text, "postgresql://") || starts_with(text, "postgres://") ||
           text.find('=') != text.npos;
}

} // namespace

NamedConnect::NamedConnect(std::string_view tag) {
    std::string_view name = utf8_prefix(tag, longest_name);
    memcpy(name_, name.data(), name.size());
    name_[name.size()] = '\0';
    keywords_[0] = nullptr;
    add("fallback_application_name", name_);
}

bool NamedConnect::add(const char* keyword, const char* value) {
    if (count_ == most)
        return false;
    keywords_[count_] = keyword;
    values_[count_] = value;
    keywords_[++count_] = nullptr;
    return true;
}

bool NamedConnect::take(const char* conninfo) {
    // PQconnectdb refuses a word alone. As the value of dbname, it would be a database's name.
    if (!conninfo || (*conninfo && !is_connection_string(conninfo)))
        return false;
    return add("dbname", conninfo);
}

bool NamedConnect::take(const char* const* keywords, const char* const* values, int expand) {
    if (!keywords || !values)
        return false;
    expand_ = expand;
    for (; *keywords; keywords++, values++)
        if (!add(*keywords, *values))
            return false;
    return true;
}

bool NamedConnect::take(const char* host, const char* port, const char* options, const char*, const char* db,
                        const char* login, const char* password) {
    return add("dbname", db) && add("host", host) && add("port", port) && add("options", options) &&
           add("user", login) && add("password", password);
}

} // namespace pqsweep
