// A connection that a client shares with all modules: tag changes sweep it, and its use revives it.
#pragma once

#include "tests/support/program.hh"
#include "tests/support/server.hh"

#include <doctest/doctest.h>

namespace pqsweep::tests {

// A client with a connection c, which tag changes sweep.
struct Shared {
    explicit Shared(const std::string& conninfo = "", const Environment& more = {})
        : client({"client"}, with(more)) {
        REQUIRE(say("open c " + conninfo) == "ok");
    }
    std::string say(const std::string& line) { return client.say(line); }
    void sweep() {
        say("setenv PQSWEEP_TAG " + std::to_string(++tag));
        CHECK(server.is_clear_of(client.application()));
    }
    static Environment with(Environment more) {
        more["PQSWEEP_TAG"] = "0";
        more.try_emplace("PQSWEEP_GRACE", "0");
        return more;
    }

    int tag = 0;
    Server server;
    Program client;
};

} // namespace pqsweep::tests
