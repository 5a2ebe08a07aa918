// Needs a libpq only through what it needs.
// link: -lpqxx
#include <pqxx/pqxx>

extern "C" bool is_swept_by(void (*change_tag)()) {
    pqxx::connection connection;
    pqxx::work work(connection);
    change_tag();
    try {
        work.exec("select 1");
    } catch (const pqxx::failure&) {
        return true;
    }
    return false;
}
