// link: -lpq
#include <libpq-fe.h>

PGconn* early_connection;

[[gnu::constructor]] static void connect_early() {
    early_connection = PQconnectdb("");
}
