// Each recipe of tests/fixtures/recipes/README.md sweeps what its two modules leave open.
#include "tests/support/program.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <algorithm>
#include <doctest/doctest.h>
#include <fstream>
#include <regex>

using namespace pqsweep::tests;

namespace {

const std::string folder = "tests/fixtures/recipes/";

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Recipe {
    std::string file; // below `folder`, as the mark above the text names it
    std::string text;
};

std::vector<Recipe> recipes() {
    std::vector<Recipe> all;
    std::string readme = text_of(folder + "README.md");
    std::regex marked("<!-- recipe: (\\S+) -->\n```[a-z]*\n([^`]*)```\n");
    for (std::sregex_iterator found(readme.begin(), readme.end(), marked), end; found != end; ++found)
        all.push_back({(*found)[1], (*found)[2]});
    return all;
}

int run(const std::string& command, Program::Shim shim, std::string& output) {
    Program program({"/bin/sh", "-c", command}, {{"BUILD", build_directory()}, {"PQSWEEP_REPORT", "never"}},
                    shim);
    int status = program.finish();
    output = program.output() + program.errors();
    return status;
}

// Runs a suite of two modules in the runner's folder. Each expects that the server has no connection of the other:
// they fail without pqsweep and pass with it. `runner` checks for what the command needs from Debian's `package`.
void check_recipe(const std::string& name, const std::string& command, const std::string& runner,
                  const std::string& package) {
    std::string output;
    if (run(runner, Program::Shim::absent, output) != 0)
        SKIP(name + " is not here; in Debian it is " + package);
    // Waits for the server to end a session: a second at most.
    Server().ask(R"(create or replace function alone() returns bool language plpgsql as $$
        begin
            for turn in 1..100 loop
                perform pg_stat_clear_snapshot();
                if not exists (select from pg_stat_activity where pid <> pg_backend_pid()
                               and application_name = current_setting('application_name')) then
                    return true;
                end if;
                perform pg_sleep(0.01);
            end loop;
            return false;
        end $$)");
    std::string in_folder = "cd " + folder + name + " && " + command;
    int without = run(in_folder, Program::Shim::absent, output);
    CAPTURE(output);
    CHECK(without != 0);
    CHECK(run(in_folder, Program::Shim::preloaded, output) == 0);
}

} // namespace

TEST_SUITE_BEGIN("process: recipes");

TEST_CASE("the README quotes what is tested here, and that is short") {
    auto all = recipes();
    CHECK(all.size() == 12);
    for (const Recipe& recipe : all) {
        CAPTURE(recipe.file);
        CHECK(text_of(folder + recipe.file).find(recipe.text) != std::string::npos);
        CHECK(std::count(recipe.text.begin(), recipe.text.end(), '\n') <= 12);
        CHECK(recipe.text.find("PQSWEEP_TAG") != std::string::npos);
    }
}

TEST_CASE("GoogleTest") {
    check_recipe("gtest", "$BUILD/recipes/gtest", "true", "libgtest-dev");
}

TEST_CASE("Catch2") {
    check_recipe("catch2", "$BUILD/recipes/catch2", "true", "catch2");
}

TEST_CASE("doctest") {
    check_recipe("doctest", "$BUILD/recipes/doctest", "true", "doctest-dev");
}

TEST_CASE("RSpec") {
    check_recipe("rspec", "rspec *_spec.rb", "command -v rspec", "ruby-rspec");
}

TEST_CASE("minitest") {
    check_recipe("minitest", "ruby tests.rb", "ruby -e 'require \"minitest\"'", "ruby-minitest");
}

TEST_CASE("PHPUnit") {
    check_recipe("phpunit", "phpunit --do-not-cache-result .", "command -v phpunit && php -m | grep pgsql",
                 "phpunit and php-pgsql");
}

TEST_CASE("prove: a process per file, and every connection has its name") {
    check_recipe("prove", "env -u PGAPPNAME PQSWEEP_APPNAME=1 prove", "command -v prove", "perl");
}

TEST_CASE("bats: a process per test, and every summary has its file's name") {
    check_recipe("bats", "bats tests", "command -v bats", "bats");
}

TEST_CASE("unittest") {
    check_recipe("unittest", "/usr/bin/python3 -m unittest discover -t . tests",
                 "command -v /usr/bin/python3", "python3");
}

TEST_CASE("Django") {
    check_recipe("django", "DJANGO_SETTINGS_MODULE=settings PYTHONPATH=. /usr/bin/python3 -m django test",
                 "/usr/bin/python3 -c 'import django'", "python3-django");
}

TEST_CASE("testthat") {
    check_recipe("testthat", "Rscript -e 'testthat::test_dir(\".\", reporter = \"summary\")'",
                 "Rscript -e 'library(testthat); library(RPostgreSQL)'",
                 "r-cran-testthat and r-cran-rpostgresql");
}

TEST_CASE("busted") {
    check_recipe("busted", "busted --helper=helper.lua .", "command -v busted", "lua-busted");
}

TEST_CASE("mocha with pg-native: each file's connections are named, and none is swept") {
    std::string node = "export NODE_PATH=$PWD/build/clients/node_modules:/usr/share/nodejs && "
                       "PATH=$PWD/build/clients/node_modules/.bin:$PATH && ",
                output;
    if (run(node + "node -e 'require(\"pg\").native.Client' && command -v mocha", Program::Shim::absent,
            output) != 0)
        SKIP("mocha or pg-native is not here; in Debian they are mocha, node-pg and node-libpq");
    std::string mocha = " mocha --exit --require ./hooks.js test";
    std::string in_folder = node + "cd " + folder + "mocha && ";
    CHECK(run(in_folder + mocha, Program::Shim::absent, output) == 0);
    CHECK(run(in_folder + "PQSWEEP_REPORT= $BUILD/pqsweep run --keep 'tag=*' --report always --" + mocha,
              Program::Shim::absent, output) == 0);
    CAPTURE(output);
    CHECK(output.find("2 passing") != std::string::npos);
    for (const char* file : {"test/accounts.js", "test/orders.js"})
        CHECK(output.find(file) != std::string::npos);
    CHECK(output.find("0 stragglers") != std::string::npos);
}

TEST_SUITE_END();
