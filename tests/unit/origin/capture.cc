#include "shim/origin/capture.hh"

#include <doctest/doctest.h>

using namespace pqsweep::origin;

TEST_SUITE_BEGIN("unit: origin");

TEST_CASE("the program's own files say more than those that are installed") {
    for (const char* file :
         {"/home/me/shop/tests/test_orders.py", "tests/t.py", "t.py", "/home/lib/python/t.py"})
        CHECK(says(file) == Says::most);
    for (const char* file : {"<string>", "<stdin>", "/usr/bin/pytest", "/home/me/venv/bin/pytest"})
        CHECK(says(file) == Says::little);
    for (const char* file :
         {"/usr/lib/python3/dist-packages/psycopg2/__init__.py", "/usr/lib/python3.11/threading.py",
          "/home/me/venv/lib/python3.13/site-packages/sqlalchemy/pool/base.py",
          "/usr/lib64/python3.12/queue.py", "<frozen importlib._bootstrap>",
          "/usr/local/share/pqsweep/runners/python/pqsweep_unittest.py"})
        CHECK(says(file) == Says::least);
}

TEST_CASE("the place of a line, without its function") {
    CHECK(place("/a b/c.py:12 main") == "/a b/c.py:12");
    CHECK(place("c.py:12 <module>") == "c.py:12");
}

TEST_CASE("the file and the function of a line") {
    CHECK(file("/a b/c:d.py:12 main") == "/a b/c:d.py");
    CHECK(function("/a b/c:d.py:12 main") == "main");
    CHECK(file("") == "");
    CHECK(function("") == "");
}

TEST_SUITE_END();
