#include "shim/table/source_file.hh"

#include <doctest/doctest.h>

using namespace pqsweep::source_file;

TEST_SUITE_BEGIN("unit: source file");

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

TEST_SUITE_END();
