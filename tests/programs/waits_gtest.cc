// link: -lgtest -lgtest_main -lpq -pthread
// A googletest fixture truncates a table, while an earlier test's connection is left in a transaction.
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <string>

namespace {

std::string run(PGconn* conn, const char* sql) {
    PGresult* result = PQexec(conn, sql);
    std::string error = PQresultErrorMessage(result);
    PQclear(result);
    return error;
}

class Books : public testing::Test {
protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(run(conn, "drop table if exists waiting_book"), "");
        ASSERT_EQ(run(conn, "create table waiting_book (id int)"), "");
    }
    static void TearDownTestSuite() { PQfinish(conn); }
    void SetUp() override { ASSERT_EQ(run(conn, "truncate waiting_book"), ""); }

    static inline PGconn* conn = PQconnectdb("");
};

TEST_F(Books, Forgets) {
    static PGconn* forgotten = PQconnectdb("");
    EXPECT_EQ(run(forgotten, "begin"), "");
    EXPECT_EQ(run(forgotten, "select * from waiting_book"), "");
}

TEST_F(Books, GoesOn) {
    EXPECT_EQ(run(conn, "insert into waiting_book values (1)"), "");
}

} // namespace
