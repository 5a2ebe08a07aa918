// Checks the journal of real runs against the page that describes it.
#include "shim/table/words.hh"
#include "tests/support/files.hh"
#include "tests/support/program.hh"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <unistd.h>

using namespace pqsweep::tests;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

// Reads shim/report/journal.md: the type of each key, and the keys of each event.
struct Page {
    Page() {
        std::ifstream file("shim/report/journal.md");
        REQUIRE(file.good());
        for (std::string line; std::getline(file, line);) {
            std::vector<std::string> cells;
            std::istringstream stream(line);
            for (std::string cell; std::getline(stream, cell, '|');)
                cells.push_back(cell);
            if (cells.size() != 4 || !cells[1].starts_with(" `"))
                continue;
            std::string name = words(cells[1])[0];
            if (cells[2] == " integer " || cells[2] == " number " || cells[2] == " string " ||
                cells[2] == " strings ") {
                types[name] = cells[2].substr(1, cells[2].size() - 2);
                if (keys.empty())
                    common.insert(name);
            } else {
                for (const std::string& key : words(cells[3]))
                    keys[name].insert(key);
            }
        }
        REQUIRE(keys.size() == std::size(pqsweep::journal::event_names));
        REQUIRE(common.size() == 5);
    }
    // Returns the words between backquotes.
    static std::vector<std::string> words(const std::string& cell) {
        std::vector<std::string> all;
        std::istringstream stream(cell);
        for (std::string word; std::getline(stream, word, '`') && std::getline(stream, word, '`');)
            all.push_back(word);
        return all;
    }
    void check(const Json& record) const {
        CAPTURE(record.dump());
        for (const std::string& key : common)
            CHECK(record.contains(key));
        REQUIRE(keys.contains(record.value("event", "")));
        for (const auto& [key, value] : record.items()) {
            CHECK((common.contains(key) || keys.at(record["event"]).contains(key)));
            REQUIRE(types.contains(key));
            const std::string& type = types.at(key);
            CHECK((type == "string"    ? value.is_string()
                   : type == "integer" ? value.is_number_integer()
                   : type == "strings" ? value.is_array() && !value.empty() && value[0].is_string()
                                       : value.is_number()));
        }
    }

    std::map<std::string, std::string> types;
    std::set<std::string> common;
    std::map<std::string, std::set<std::string>> keys;
};

class Directory {
public:
    Directory() { fs::create_directory(path); }
    ~Directory() { fs::remove_all(path); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    const fs::path path = fs::temp_directory_path() / ("pqsweep-journal-" + std::to_string(getpid()));
};

std::vector<Json> read(const fs::path& file) {
    static const Page page;
    std::vector<Json> records;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        records.push_back(Json::parse(line));
        page.check(records.back());
    }
    return records;
}

std::string events(const std::vector<Json>& records) {
    std::string all;
    for (const Json& record : records)
        all += record["event"].get<std::string>() + " ";
    return all;
}

const Json& first(const std::vector<Json>& records, const std::string& event) {
    for (const Json& record : records)
        if (record["event"] == event)
            return record;
    static const Json none;
    return none;
}

} // namespace

TEST_SUITE_BEGIN("process: journal");

TEST_CASE("every kind of event, as the page has it, and no secret") {
    Directory directory;
    fs::path file = directory.path / "journal";
    Program client({"client"}, {{"PQSWEEP_JOURNAL", file},
                                {"PQSWEEP_TAG", "first \"tag\"\n\xff\xed\xa0\x80"},
                                {"PYTEST_CURRENT_TEST", "a.py::test"},
                                {"PGPASSWORD", "secret"}});
    client.say("open idle password=secret");
    client.say("open transaction");
    client.say("open finished");
    client.say("open rolled_back");
    client.say("exec rolled_back begin");
    client.say("exec transaction begin");
    client.say("exec transaction select 'secret'");
    client.say("finish finished");
    client.say("setenv PQSWEEP_TAG second");
    client.say("exec idle select 1");
    client.say("exec transaction select 1");
    client.say("finish transaction");
    client.say("exec rolled_back rollback");
    client.say("exit 3");
    CHECK(client.finish() == 3);
    auto records = read(file);
    CHECK(
        events(records) ==
        "start tag open open open open close tag sweep sweep sweep revive refuse close rollback left exit ");
    CHECK(first(records, "left")["state"] == "idle");
    CHECK(first(records, "open")["tag"] == "first \"tag\"\n\ufffd\ufffd\ufffd\ufffd");
    CHECK(first(records, "open")["test"] == "a.py::test");
    CHECK(first(records, "sweep")["state"] == "idle");
    CHECK(first(records, "sweep")["ended_by"] == "second");
    CHECK(first(records, "exit")["status"] == 3);
    CHECK(first(records, "exit")["live"] == 1);
    std::ifstream stream(file);
    CHECK(!contains(std::string(std::istreambuf_iterator<char>(stream), {}), "secret"));
}

TEST_CASE("a file for each process, and a child tells whose it is") {
    Directory directory;
    Program program({"forks"}, {{"PQSWEEP_JOURNAL", directory.path / "%p"},
                                {"PQSWEEP_TAG", "a"},
                                {"PQSWEEP_REPORT", "never"},
                                {"PQSWEEP_REVIVE", "0"}});
    std::string pid = std::to_string(program.pid());
    program.finish();
    CHECK(first(read(directory.path / pid), "start")["pid"] == std::stoi(pid));
    std::set<std::string> processes;
    bool has_fork = false;
    for (const auto& entry : fs::directory_iterator(directory.path)) {
        auto records = read(entry.path());
        REQUIRE(!records.empty());
        processes.insert(records[0]["process"]);
        if (records[0]["event"] == "fork") {
            has_fork = true;
            // One child outlives its parent, and writes nothing before that.
            CHECK((records[0]["parent"] == std::stoi(pid) || records[1]["event"] == "inherited"));
        }
    }
    CHECK(has_fork);
    CHECK(processes.size() == static_cast<size_t>(std::distance(fs::directory_iterator(directory.path),
                                                                fs::directory_iterator())));
}

TEST_CASE("a relative name is meant from where the program began; a rotated file is begun again") {
    Directory directory;
    Program client({"/bin/sh", "-c",
                    "cd " + directory.path.string() + " && exec " + build_directory() + "/programs/client"},
                   {{"PQSWEEP_JOURNAL", "journal"}, {"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}});
    client.say("open c");
    fs::rename(directory.path / "journal", directory.path / "journal.1");
    client.say("setenv PQSWEEP_TAG b");
    client.finish();
    CHECK(events(read(directory.path / "journal.1")) == "start tag open ");
    CHECK(events(read(directory.path / "journal")) == "tag sweep exit ");
}

TEST_CASE("what can't be written is lost with one warning, and the program goes on") {
    for (const auto& [file, reason] : {std::pair("/dev/full", "No space left on device"),
                                       std::pair("/nonexistent/journal", "No such file or directory")}) {
        Program client({"client"},
                       {{"PQSWEEP_JOURNAL", file}, {"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}});
        client.say("open c");
        client.say("setenv PQSWEEP_TAG b");
        CHECK(client.say("exec c select 1") == "PGRES_TUPLES_OK 1");
        CHECK(client.finish() == 0);
        CHECK(client.errors() ==
              "pqsweep: PQSWEEP_JOURNAL: " + std::string(file) + ": " + reason + "; events are lost\n");
    }
}

TEST_CASE("where files may not grow, the program is not killed") {
    Directory directory;
    Program client(
        {"/bin/sh", "-c", "ulimit -f 1; exec " + build_directory() + "/programs/client"},
        {{"PQSWEEP_JOURNAL", directory.path / "journal"}, {"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}});
    for (int i = 0; i < 20; i++)
        client.say("open c" + std::to_string(i));
    CHECK(client.say("exec c0 select 1") == "PGRES_TUPLES_OK 1");
    CHECK(client.finish() == 0);
    CHECK(contains(client.errors(), "events are lost"));
}

TEST_CASE("at the descriptor limit nothing is lost") {
    Directory directory;
    fs::path file = directory.path / "journal";
    Program program({"descriptor_limit", "hard"},
                    {{"PQSWEEP_JOURNAL", file}, {"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}});
    REQUIRE(program.read_line() == "full");
    CHECK(program.say("change") == "changed");
    CHECK(program.say("use") == "revived at the same number");
    program.finish();
    CHECK(program.errors() == "");
    CHECK(events(read(file)) ==
          "start tag open open open tag sweep sweep sweep revive close close close exit ");
}

TEST_SUITE_END();
