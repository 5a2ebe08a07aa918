// A shop's database tests as they come: every suite opens connections in its own way, none closes them all.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <libpq-fe.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

// All a program has to do for pqsweep. Where pqsweep isn't loaded, it is a variable nobody reads.
struct TellSuite : doctest::IReporter {
    explicit TellSuite(const doctest::ContextOptions&) {}
    void test_case_start(const doctest::TestCaseData& test) override {
        if (suite != test.m_test_suite)
            setenv("PQSWEEP_TAG", (suite = test.m_test_suite).c_str(), 1);
    }
    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_run_end(const doctest::TestRunStats&) override {}
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_end(const doctest::CurrentTestCaseStats&) override {}
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}
    std::string suite;
};
REGISTER_LISTENER("tell_suite", 1, TellSuite);

using Result = std::unique_ptr<PGresult, decltype([](PGresult* result) { PQclear(result); })>;

PGconn* connect() {
    PGconn* connection = PQconnectdb("options='-c client_min_messages=warning'");
    // A server that is just starting gets a second and a third chance.
    for (int retries = 2; PQstatus(connection) != CONNECTION_OK && retries > 0; --retries) {
        std::this_thread::sleep_for(20ms);
        PQreset(connection);
    }
    REQUIRE_MESSAGE(PQstatus(connection) == CONNECTION_OK, std::string(PQerrorMessage(connection)));
    return connection;
}

Result run(PGconn* connection, const std::string& query) {
    Result result(PQexec(connection, query.c_str()));
    const auto status = PQresultStatus(result.get());
    REQUIRE_MESSAGE((status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE),
                    std::string(PQerrorMessage(connection)));
    return result;
}

std::string ask(PGconn* connection, const std::string& query) {
    const Result result = run(connection, query);
    REQUIRE(PQntuples(result.get()) > 0);
    return PQgetvalue(result.get(), 0, 0);
}

std::string sqlstate(PGconn* connection, const std::string& query) {
    const Result result(PQexec(connection, query.c_str()));
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    return state ? state : "";
}

} // namespace

TEST_SUITE("accounts") {
    // The author never wrote the destructor.
    struct Login {
        PGconn *user = connect(), *clerk = connect();
    };

    TEST_CASE_FIXTURE(Login, "everybody has a backend of their own") {
        CHECK(PQbackendPID(user) != PQbackendPID(clerk));
    }
    TEST_CASE_FIXTURE(Login, "a setting is nobody else's") {
        run(user, "set shop.role = 'user'");
        CHECK(ask(user, "select current_setting('shop.role')") == "user");
        CHECK(ask(clerk, "select coalesce(current_setting('shop.role', true), '')") == "");
    }
    TEST_CASE_FIXTURE(Login, "passwords are hashed") {
        CHECK(ask(user, "select length(encode(sha256('secret'), 'hex'))") == "64");
    }
    TEST_CASE_FIXTURE(Login, "names are compared without case") {
        CHECK(ask(clerk, "select lower('Ada') = lower('ADA')") == "t");
    }
    TEST_CASE_FIXTURE(Login, "quotes in names are harmless") {
        std::unique_ptr<char, decltype(&PQfreemem)> name(PQescapeLiteral(user, "O'Hara", 6), PQfreemem);
        CHECK(ask(user, std::string("select ") + name.get()) == "O'Hara");
    }
    TEST_CASE_FIXTURE(Login, "an unknown role is refused") {
        CHECK(sqlstate(clerk, "set role nobody_knows") == "22023");
    }
}

TEST_SUITE("catalog") {
    // A pool that lives as long as the program, used by this suite alone.
    struct Pool {
        static PGconn* next() {
            static std::vector<PGconn*> connections = [] {
                std::vector<PGconn*> fresh;
                while (fresh.size() < 10)
                    fresh.push_back(connect());
                run(fresh.front(),
                    "create table product as select n as sku, 'Article ' || n as title, n * 5 as cents "
                    "from generate_series(1, 200000) n");
                return fresh;
            }();
            static std::size_t turn = 0;
            return connections[turn++ % connections.size()];
        }
    };

    TEST_CASE("all products are there") {
        CHECK(ask(Pool::next(), "select count(*) from product") == "200000");
    }
    TEST_CASE("a title is found") {
        CHECK(ask(Pool::next(), "select sku from product where title = 'Article 4711'") == "4711");
    }
    TEST_CASE("titles are searched by pattern") {
        CHECK(ask(Pool::next(), "select count(*) from product where title like '%777'") == "200");
    }
    TEST_CASE("the cheapest comes first") {
        CHECK(ask(Pool::next(), "select sku from product order by cents, sku limit 1") == "1");
    }
    TEST_CASE("prices are filtered") {
        CHECK(ask(Pool::next(), "select count(*) from product where cents between 100 and 200") == "21");
    }
    TEST_CASE("the last page is short") {
        const Result page = run(Pool::next(), "select sku from product order by sku offset 199980 limit 25");
        CHECK(PQntuples(page.get()) == 20);
    }
}

TEST_SUITE("carts") {
    // A cart is a transaction its customer has yet to end.
    PGconn* cart_of(const std::string& customer) {
        static std::map<std::string, PGconn*> carts;
        PGconn*& cart = carts[customer];
        if (!cart) {
            cart = connect();
            run(cart, "begin; create temp table line (article text primary key, quantity int check (quantity "
                      "> 0))");
        }
        return cart;
    }
    void add(PGconn * cart, const std::string& article, int quantity) {
        run(cart, "insert into line values ('" + article + "', " + std::to_string(quantity) +
                      ") on conflict (article) do update set quantity = line.quantity + excluded.quantity");
    }

    TEST_CASE("a new cart is empty") {
        for (const char* customer : {"ada", "blaise", "carl", "dorothy"})
            CHECK(ask(cart_of(customer), "select count(*) from line") == "0");
    }
    TEST_CASE("articles add up") {
        add(cart_of("emmy"), "tea", 2);
        add(cart_of("emmy"), "tea", 3);
        CHECK(ask(cart_of("emmy"), "select quantity from line") == "5");
    }
    TEST_CASE("carts are apart") {
        add(cart_of("felix"), "tea", 1);
        CHECK(ask(cart_of("grace"), "select count(*) from line") == "0");
    }
    TEST_CASE("an article is taken out") {
        add(cart_of("henri"), "tea", 1);
        run(cart_of("henri"), "delete from line where article = 'tea'");
        CHECK(ask(cart_of("henri"), "select count(*) from line") == "0");
    }
    TEST_CASE("many articles fit") {
        run(cart_of("ida"), "insert into line select n::text, n from generate_series(1, 1000) n");
        CHECK(ask(cart_of("ida"), "select sum(quantity) from line") == "500500");
    }
    TEST_CASE("a quantity is positive") {
        CHECK(sqlstate(cart_of("john"), "insert into line values ('tea', 0)") == "23514");
        CHECK(PQtransactionStatus(cart_of("john")) == PQTRANS_INERROR);
    }
}

TEST_SUITE("inventory") {
    // The reservation outlives the test, and with it the row lock.
    struct Stock {
        PGconn *reserving = connect(), *buying = connect();
        Stock() { run(buying, "create table if not exists stock (article text primary key, quantity int)"); }

        void reserve(const std::string& article, int quantity) {
            run(reserving, "insert into stock values ('" + article + "', " + std::to_string(quantity) + ")");
            run(reserving, "begin");
            run(reserving, "select from stock where article = '" + article + "' for update");
        }
        std::string buy(const std::string& article) {
            return sqlstate(buying, "select from stock where article = '" + article + "' for update nowait");
        }
    };

    TEST_CASE_FIXTURE(Stock, "a reserved article can't be bought") {
        reserve("apples", 10);
        CHECK(buy("apples") == "55P03");
    }
    TEST_CASE_FIXTURE(Stock, "another article can") {
        reserve("bread", 10);
        run(buying, "insert into stock values ('cheese', 1)");
        CHECK(buy("cheese") == "");
    }
    TEST_CASE_FIXTURE(Stock, "a reservation changes no quantity") {
        reserve("dates", 7);
        CHECK(ask(buying, "select quantity from stock where article = 'dates'") == "7");
    }
    TEST_CASE_FIXTURE(Stock, "stocktaking skips what is reserved") {
        reserve("eggs", 12);
        const Result free = run(buying, "select from stock where article = 'eggs' for update skip locked");
        CHECK(PQntuples(free.get()) == 0);
    }
    TEST_CASE_FIXTURE(Stock, "a sale is invisible until it is paid") {
        reserve("flour", 5);
        run(reserving, "update stock set quantity = 4 where article = 'flour'");
        CHECK(ask(buying, "select quantity from stock where article = 'flour'") == "5");
    }
    TEST_CASE_FIXTURE(Stock, "an article exists once") {
        reserve("grapes", 1);
        CHECK(sqlstate(reserving, "insert into stock values ('grapes', 2)") == "23505");
    }
}

TEST_SUITE("coupons") {
    struct Rush {
        std::array<PGconn*, 2> customers{connect(), connect()};

        // How many of the customers got one.
        int redeem(const std::string& code, int remaining) {
            run(customers[0], "create table if not exists coupon (code text primary key, remaining int)");
            run(customers[0],
                "insert into coupon values ('" + code + "', " + std::to_string(remaining) + ")");
            std::array<std::string, 2> granted;
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < customers.size(); ++i)
                threads.emplace_back([&, i] {
                    const Result result(
                        PQexec(customers[i], ("update coupon set remaining = remaining - 1 where code = '" +
                                              code + "' and remaining > 0")
                                                 .c_str()));
                    granted[i] = PQcmdTuples(result.get());
                });
            threads.clear();
            return (granted[0] == "1") + (granted[1] == "1");
        }
    };

    TEST_CASE_FIXTURE(Rush, "nobody gets a coupon that is gone") {
        CHECK(redeem("GONE", 0) == 0);
    }
    TEST_CASE_FIXTURE(Rush, "one gets the last") {
        CHECK(redeem("LAST", 1) == 1);
    }
    TEST_CASE_FIXTURE(Rush, "two get two") {
        CHECK(redeem("PAIR", 2) == 2);
    }
    TEST_CASE_FIXTURE(Rush, "plenty stays plenty") {
        CHECK(redeem("PLENTY", 100) == 2);
        CHECK(ask(customers[1], "select remaining from coupon where code = 'PLENTY'") == "98");
    }
    TEST_CASE_FIXTURE(Rush, "a code is issued once") {
        redeem("ONCE", 1);
        CHECK(sqlstate(customers[0], "insert into coupon values ('ONCE', 1)") == "23505");
    }
    TEST_CASE_FIXTURE(Rush, "codes are case-sensitive") {
        redeem("Case", 1);
        CHECK(ask(customers[0], "select count(*) from coupon where code = 'CASE'") == "0");
    }
}

TEST_SUITE("notifications") {
    struct Line {
        PGconn *listening = connect(), *speaking = connect();

        std::string heard() {
            run(listening, "select");
            PQconsumeInput(listening);
            std::unique_ptr<PGnotify, decltype(&PQfreemem)> notification(PQnotifies(listening), PQfreemem);
            return notification ? notification->extra : "nothing";
        }
    };

    TEST_CASE_FIXTURE(Line, "a notification arrives") {
        run(listening, "listen orders");
        run(speaking, "notify orders, 'new order'");
        CHECK(heard() == "new order");
    }
    TEST_CASE_FIXTURE(Line, "other channels are not heard") {
        run(listening, "listen payments");
        run(speaking, "notify refunds, 'refunded'");
        CHECK(heard() == "nothing");
    }
    TEST_CASE_FIXTURE(Line, "nothing is heard before commit") {
        run(listening, "listen reviews");
        run(speaking, "begin; notify reviews, 'five stars'");
        CHECK(heard() == "nothing");
    }
    TEST_CASE_FIXTURE(Line, "what was said comes in order") {
        run(listening, "listen stock");
        run(speaking, "notify stock, 'one'; notify stock, 'two'");
        CHECK(heard() == "one");
        CHECK(heard() == "two");
    }
    TEST_CASE_FIXTURE(Line, "one may stop listening") {
        run(listening, "listen returns; unlisten *");
        run(speaking, "notify returns, 'returned'");
        CHECK(heard() == "nothing");
    }
    TEST_CASE_FIXTURE(Line, "a long message is refused") {
        CHECK(sqlstate(speaking, "select pg_notify('support', repeat('x', 8000))") == "22023");
    }
}

TEST_SUITE("exports") {
    // Who has seen enough of an export just stops reading.
    struct Export {
        PGconn *out = connect(), *cursor = connect();

        void start(const std::string& query, const std::string& options = "") {
            run(out, "copy (" + query + ") to stdout " + options);
        }
        std::string line() {
            char* data = nullptr;
            const int size = PQgetCopyData(out, &data, 0);
            std::unique_ptr<char, decltype(&PQfreemem)> owned(data, PQfreemem);
            return size > 0 ? std::string(data, static_cast<std::size_t>(size - 1)) : "end";
        }
    };

    TEST_CASE_FIXTURE(Export, "lines come in order") {
        start("select n from generate_series(1, 1000000) n");
        CHECK(line() == "1");
        CHECK(line() == "2");
    }
    TEST_CASE_FIXTURE(Export, "there may be a header") {
        start("select n as number from generate_series(1, 1000000) n", "(format csv, header)");
        CHECK(line() == "number");
    }
    TEST_CASE_FIXTURE(Export, "commas are quoted") {
        start("select 'a,b', n from generate_series(1, 1000000) n", "(format csv)");
        CHECK(line() == "\"a,b\",1");
    }
    TEST_CASE_FIXTURE(Export, "an empty export ends at once") {
        start("select 1 where false");
        CHECK(line() == "end");
    }
    TEST_CASE_FIXTURE(Export, "a cursor pages") {
        run(cursor, "begin; declare page cursor for select n from generate_series(1, 1000000) n");
        CHECK(ask(cursor, "fetch 25 from page") == "1");
        CHECK(ask(cursor, "fetch 25 from page") == "26");
    }
    TEST_CASE_FIXTURE(Export, "a cursor turns round") {
        run(cursor, "begin; declare page scroll cursor for select n from generate_series(1, 1000) n");
        CHECK(ask(cursor, "fetch last from page") == "1000");
        CHECK(ask(cursor, "fetch prior from page") == "999");
    }
}

TEST_SUITE("invoices") {
    // Book and ledger own each other, so neither is ever destroyed.
    struct Ledger;
    struct Book {
        PGconn* connection = connect();
        std::shared_ptr<Ledger> ledger;
        ~Book() { PQfinish(connection); }
    };
    struct Ledger {
        explicit Ledger(std::shared_ptr<Book> b) : book(std::move(b)) {}
        PGconn* connection = connect();
        std::shared_ptr<Book> book;
        ~Ledger() { PQfinish(connection); }
    };
    struct Accounting {
        std::shared_ptr<Book> book = std::make_shared<Book>();
        Accounting() { book->ledger = std::make_shared<Ledger>(book); }

        std::string gross(const char* net, const char* vat) {
            PGconn* connection = book->ledger->connection;
            Result(PQprepare(connection, "gross", "select round($1::numeric * (100 + $2::int) / 100, 2)", 0,
                             nullptr));
            const std::array<const char*, 2> values{net, vat};
            const Result result(PQexecPrepared(connection, "gross", 2, values.data(), nullptr, nullptr, 0));
            return PQgetvalue(result.get(), 0, 0);
        }
    };

    TEST_CASE_FIXTURE(Accounting, "no tax changes nothing") {
        CHECK(gross("100", "0") == "100.00");
    }
    TEST_CASE_FIXTURE(Accounting, "the tax is added") {
        CHECK(gross("100", "19") == "119.00");
    }
    TEST_CASE_FIXTURE(Accounting, "cents are rounded") {
        CHECK(gross("0.03", "19") == "0.04");
    }
    TEST_CASE_FIXTURE(Accounting, "large amounts stay exact") {
        CHECK(gross("9999999999999.99", "25") == "12499999999999.99");
    }
    TEST_CASE_FIXTURE(Accounting, "numbers count up") {
        run(book->connection, "create temp sequence number");
        CHECK(ask(book->connection, "select nextval('number')") == "1");
        CHECK(ask(book->connection, "select nextval('number')") == "2");
    }
    TEST_CASE_FIXTURE(Accounting, "months end on their last day") {
        CHECK(ask(book->connection, "select (date '2024-02-01' + interval '1 month - 1 day')::date") ==
              "2024-02-29");
    }
}

TEST_SUITE("payments") {
    // An authorised payment stays in its transaction until it is captured, and nobody captures it.
    struct Terminal {
        PGconn *customer = connect(), *merchant = connect();
        Terminal() {
            run(merchant, "create table if not exists payment (card text, cents int check (cents > 0))");
            run(customer, "begin isolation level serializable");
        }
    };

    TEST_CASE_FIXTURE(Terminal, "a payment waits for its capture") {
        run(customer, "insert into payment values ('waiting', 100)");
        CHECK(ask(merchant, "select count(*) from payment where card = 'waiting'") == "0");
    }
    TEST_CASE_FIXTURE(Terminal, "a captured payment is visible") {
        run(customer, "insert into payment values ('captured', 100); commit; begin");
        CHECK(ask(merchant, "select cents from payment where card = 'captured'") == "100");
    }
    TEST_CASE_FIXTURE(Terminal, "nothing is no payment") {
        CHECK(sqlstate(customer, "insert into payment values ('zero', 0)") == "23514");
    }
    TEST_CASE_FIXTURE(Terminal, "after an error nothing goes") {
        CHECK(sqlstate(customer, "select 1 / 0") == "22012");
        CHECK(sqlstate(customer, "select 1") == "25P02");
    }
    TEST_CASE_FIXTURE(Terminal, "a part can be taken back") {
        run(customer, "insert into payment values ('part', 100); savepoint part");
        run(customer, "insert into payment values ('part', 50); rollback to part");
        CHECK(ask(customer, "select sum(cents) from payment where card = 'part'") == "100");
    }
    TEST_CASE_FIXTURE(Terminal, "payments travel in a pipeline") {
        REQUIRE(PQenterPipelineMode(merchant) == 1);
        for (const char* query : {"select 1", "select 2", "select 3"})
            CHECK(PQsendQueryParams(merchant, query, 0, nullptr, nullptr, nullptr, nullptr, 0) == 1);
        CHECK(PQpipelineSync(merchant) == 1);
        CHECK(PQresultStatus(Result(PQgetResult(merchant)).get()) == PGRES_TUPLES_OK);
    }
}

TEST_SUITE("reports") {
    // The reader of a report stops at the row it was looking for.
    struct Report {
        PGconn *rows = connect(), *figures = connect();

        std::string first(const std::string& query) {
            REQUIRE(PQsendQuery(rows, query.c_str()) == 1);
            REQUIRE(PQsetSingleRowMode(rows) == 1);
            const Result row(PQgetResult(rows));
            return PQresultStatus(row.get()) == PGRES_SINGLE_TUPLE ? PQgetvalue(row.get(), 0, 0) : "end";
        }
    };

    TEST_CASE_FIXTURE(Report, "rows come one by one") {
        CHECK(first("select generate_series(1, 1000000)") == "1");
    }
    TEST_CASE_FIXTURE(Report, "the best article leads") {
        CHECK(first("select n from generate_series(1, 100000) n order by n desc") == "100000");
    }
    TEST_CASE_FIXTURE(Report, "an empty report ends") {
        CHECK(first("select 1 where false") == "end");
    }
    TEST_CASE_FIXTURE(Report, "a year has twelve months") {
        CHECK(ask(figures, "select count(distinct extract(month from day)) from "
                           "generate_series(timestamp '2024-01-01', '2024-12-31', '1 day') day") == "12");
    }
    TEST_CASE_FIXTURE(Report, "amounts are summed up") {
        CHECK(ask(figures, "select sum(n) from generate_series(1, 500000) n") == "125000250000");
    }
    TEST_CASE_FIXTURE(Report, "the median is in the middle") {
        CHECK(ask(figures,
                  "select percentile_disc(0.5) within group (order by n) from generate_series(1, 99) n") ==
              "50");
    }
}
