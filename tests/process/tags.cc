// The tag comes from the environment, and changes with it.
#include "tests/support/program.hh"
#include "tests/support/server.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

// Runs a client under the shim. `change` lists the commands that change its environment after it has connected.
void check_change(const Environment& environment, const std::vector<const char*>& change, bool is_swept) {
    Server server;
    Program client({"client"}, environment);
    client.say("open c");
    for (const char* command : change)
        client.say(command);
    CAPTURE(std::string(change.back()));
    if (is_swept)
        CHECK(server.is_clear_of(client.application()));
    else
        CHECK(client.say("exec c select 1") == "PGRES_TUPLES_OK 1");
}

} // namespace

TEST_SUITE_BEGIN("process: tags");

TEST_CASE("PQSWEEP_TAG changes by setenv, putenv, unsetenv and clearenv, and by being emptied") {
    for (const char* change : {"setenv PQSWEEP_TAG b", "setenv PQSWEEP_TAG", "putenv PQSWEEP_TAG b",
                               "unsetenv PQSWEEP_TAG", "clearenv x"})
        check_change({{"PQSWEEP_TAG", "a"}}, {change}, true);
    for (const char* no_change :
         {"setenv PQSWEEP_TAG a", "setenv0 PQSWEEP_TAG b", "setenv PQSWEEP_TAGS b", "unsetenv OTHER"})
        check_change({{"PQSWEEP_TAG", "a"}}, {no_change}, false);
}

TEST_CASE("a tag set before the first connection counts, one set while untagged sweeps nothing") {
    Server server;
    Program client({"client"});
    client.say("setenv PQSWEEP_TAG a");
    client.say("open c");
    client.say("setenv PQSWEEP_TAG b");
    CHECK(server.is_clear_of(client.application()));
    check_change({}, {"setenv PQSWEEP_TAG a", "setenv PQSWEEP_TAG b", "unsetenv PQSWEEP_TAG"}, false);
}

TEST_CASE("pytest's variable is the tag without any configuration") {
    const Environment in_one{{"PYTEST_CURRENT_TEST", "tests/one.py::test_a (setup)"}};
    check_change(in_one, {"setenv PYTEST_CURRENT_TEST tests/one.py::test_a (call)"}, false);
    check_change(in_one, {"setenv PYTEST_CURRENT_TEST tests/one.py::test_b[tests/two.py::x] (call)"}, false);
    check_change(in_one, {"unsetenv PYTEST_CURRENT_TEST"}, false);
    check_change(in_one,
                 {"unsetenv PYTEST_CURRENT_TEST", "setenv PYTEST_CURRENT_TEST tests/two.py::test_a (setup)"},
                 true);
}

TEST_CASE("pytest inside a test of pytest's is a part of that test") {
    const Environment in_one{{"PYTEST_CURRENT_TEST", "one.py::test_a (call)"}, {"PQSWEEP_REVIVE", "0"}};
    const char* inner[] = {"setenv PYTEST_CURRENT_TEST inner.py::test_x (setup)",
                           "setenv PYTEST_CURRENT_TEST inner.py::test_x (call)",
                           "setenv PYTEST_CURRENT_TEST inner.py::test_x (teardown)",
                           "unsetenv PYTEST_CURRENT_TEST",
                           "setenv PYTEST_CURRENT_TEST other.py::test_y (setup)"};
    std::vector<const char*> changes(std::begin(inner), std::end(inner));
    check_change(in_one, changes, false);
    changes.push_back("setenv PYTEST_CURRENT_TEST one.py::test_a (teardown)");
    check_change(in_one, changes, false);
    changes.push_back("setenv PYTEST_CURRENT_TEST two.py::test_b (setup)");
    check_change(in_one, changes, true);
}

TEST_CASE("PQSWEEP_SCOPE says how much of a test id is the tag") {
    auto check = [](const char* scope, const char* next, bool is_swept) {
        CAPTURE(std::string(scope));
        std::string change = std::string("setenv PYTEST_CURRENT_TEST ") + next;
        check_change({{"PQSWEEP_SCOPE", scope}, {"PYTEST_CURRENT_TEST", "a/b/one.py::T::test_a (setup)"}},
                     {change.c_str()}, is_swept);
    };
    check("package", "a/b/two.py::test_a (call)", false);
    check("package", "a/c/one.py::test_a (call)", true);
    check("module", "a/b/one.py::T::test_b (call)", false);
    check("module", "a/b/two.py::T::test_a (call)", true);
    check("test", "a/b/one.py::T::test_a (teardown)", false);
    check("test", "a/b/one.py::T::test_b (setup)", true);
    check("module", "no test id", true);
}

TEST_CASE("PQSWEEP_TAG=Suite::Test is a test id, and follows the scope") {
    const Environment in_one{{"PQSWEEP_TAG", "One::a"}},
        each{{"PQSWEEP_TAG", "One::a"}, {"PQSWEEP_SCOPE", "test"}};
    check_change(in_one, {"setenv PQSWEEP_TAG One::b"}, false);
    check_change(in_one, {"setenv PQSWEEP_TAG Two::a"}, true);
    check_change(each, {"setenv PQSWEEP_TAG One::b"}, true);
    check_change(in_one, {"unsetenv PQSWEEP_TAG"}, true);
}

TEST_CASE("the last of 16 variables in PQSWEEP_TAG_FROM sets the tag") {
    std::string names;
    for (int i = 1; i <= 16; i++)
        names += (i == 1 ? "NAME" : ",NAME") + std::to_string(i);
    check_change({{"PQSWEEP_TAG_FROM", names}, {"NAME16", "x"}}, {"setenv NAME16 y"}, true);
}

TEST_CASE("PQSWEEP_TAG goes before PQSWEEP_TAG_FROM, whose first set variable counts") {
    const Environment both{{"PQSWEEP_TAG_FROM", "ONE,TWO"}, {"TWO", "x"}};
    check_change(both, {"setenv TWO y"}, true);
    check_change(both, {"setenv ONE z"}, true);
    check_change(both, {"setenv PYTEST_CURRENT_TEST a.py::b"}, false);
    const Environment explicit_too{{"PQSWEEP_TAG", "a"}, {"PQSWEEP_TAG_FROM", "ONE,TWO"}, {"TWO", "x"}};
    check_change(explicit_too, {"setenv TWO y"}, false);
    check_change(explicit_too, {"unsetenv PQSWEEP_TAG"}, true);
}

TEST_CASE(
    "PQSWEEP_TEST is scoped, goes before the runner's own variable, and ends the tag when it is empty") {
    const Environment in_one{{"PQSWEEP_TEST", "tests/one.py::test_a"},
                             {"PYTEST_CURRENT_TEST", "x.py::y (call)"}};
    check_change(in_one, {"setenv PQSWEEP_TEST tests/one.py::test_b"}, false);
    check_change(in_one, {"setenv PYTEST_CURRENT_TEST z.py::y (setup)"}, false);
    check_change(in_one, {"setenv PQSWEEP_TEST tests/two.py::test_a"}, true);
    check_change(in_one, {"setenv PQSWEEP_TEST"}, true);
}

TEST_CASE(
    "a connection that a fixture opened, or a transaction that it began, lives until the fixture ends") {
    Server server;
    Program client({"client"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REVIVE", "0"}});
    auto is_alive = [&](const char* connection) {
        return client.say(std::string("exec ") + connection + " select 1") == "PGRES_TUPLES_OK 1";
    };
    client.say("open pooled");
    client.say("setenv PQSWEEP_FIXTURE db");
    client.say("open own");
    client.say("exec pooled begin");
    client.say("setenv PQSWEEP_FIXTURE");
    client.say("open tests");
    client.say("setenv PQSWEEP_TAG b");
    client.say("setenv PQSWEEP_TAG c");
    CHECK(server.has(client.application(), 2));
    CHECK(is_alive("own"));
    CHECK(is_alive("pooled"));

    SUBCASE("its end sweeps both") {
        client.say("setenv PQSWEEP_FIXTURE_END other");
        CHECK(is_alive("own"));
        client.say("setenv PQSWEEP_FIXTURE_END db");
        CHECK(server.is_clear_of(client.application()));
        std::string error = client.say("exec own select 1");
        CHECK(error.find("57P01") != error.npos);
        CHECK(error.find("pqsweep closed it when its fixture ended") != error.npos);
        CHECK(error.find("when fixture \"db\" ended") != error.npos);
        CHECK(error.find("PQSWEEP_KEEP='tag=db'") != error.npos);
    }
    SUBCASE("the end of another fixture that used its connection leaves it alone") {
        client.say("setenv PQSWEEP_FIXTURE other");
        CHECK(is_alive("own"));
        client.say("setenv PQSWEEP_FIXTURE");
        client.say("setenv PQSWEEP_FIXTURE_END other");
        CHECK(is_alive("own"));
    }
    SUBCASE("it can be set up, and end, again") {
        client.say("setenv PQSWEEP_FIXTURE_END db");
        CHECK(server.is_clear_of(client.application()));
        client.say("setenv PQSWEEP_FIXTURE db");
        client.say("open own");
        client.say("unsetenv PQSWEEP_FIXTURE");
        client.say("setenv PQSWEEP_TAG d");
        CHECK(is_alive("own"));
        client.say("setenv PQSWEEP_FIXTURE_END db");
        CHECK(server.is_clear_of(client.application()));
    }
    SUBCASE("a pooled connection whose transaction is over belongs to the tag that uses it") {
        client.say("exec pooled commit");
        CHECK(is_alive("pooled"));
        client.say("setenv PQSWEEP_TAG d");
        CHECK(server.has(client.application(), 1));
        CHECK(is_alive("own"));
    }
    SUBCASE("a transaction that a test began on its own connection has a second chance") {
        client.say("exec own begin");
        client.say("setenv PQSWEEP_TAG d");
        CHECK(is_alive("own"));
        client.say("setenv PQSWEEP_TAG e");
        CHECK(server.has(client.application(), 2));
        client.say("setenv PQSWEEP_TAG f");
        CHECK(server.has(client.application(), 1));
        CHECK(is_alive("pooled"));
    }
}

TEST_CASE("ids of 4 kB and in any language survive, and stay different") {
    std::string long_id = "t.py::test[";
    while (long_id.size() < 4096)
        long_id += "ключ→值 ";
    check_change({{"PQSWEEP_SCOPE", "test"}, {"PYTEST_CURRENT_TEST", long_id + "1]"}},
                 {("setenv PYTEST_CURRENT_TEST " + long_id + "2]").c_str()}, true);
    Program client(
        {"client"},
        {{"PQSWEEP_TAG", long_id}, {"PYTEST_CURRENT_TEST", "u" + long_id}, {"PQSWEEP_REVIVE", "0"}});
    client.say("open c");
    client.say("unsetenv PQSWEEP_TAG");
    std::string answer = client.say("exec c select 1");
    CHECK(answer.find("57P01") != std::string::npos);
    CHECK(answer.find("ключ→值 ~") == std::string::npos);
    CHECK(client.finish() == 0);
}

TEST_SUITE_END();
