// tests/bin/rooms reports each include that breaks a law, by file, line and law.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/skip.hh"

#include <cstdlib>
#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

// A small project: two rooms of the shim, of which `table` includes `base`, and one of the tools.
class Project {
public:
    Project() {
        write("shim/README.md", "Includes: nothing of the project.\n");
        write("shim/base/README.md", "Includes: nothing of the project.\nNot: libpq-fe.h.\n");
        write("shim/table/README.md", "# shim/table\n\nIncludes: shim/base.\n");
        write("tools/README.md", "Includes: shim/base.\n");
        write("tools/text/README.md", "Includes: shim/base.\n");
        write("shim/base/lock.hh", "#include <atomic>\n");
        write("shim/table/table.hh", "#include \"shim/base/lock.hh\"\n");
        write("tools/text/text.cc", "#include \"shim/base/lock.hh\"\n");
    }
    void write(const std::string& file, const std::string& text) const {
        std::filesystem::create_directories((folder_.path / file).parent_path());
        write_text(folder_.path / file, text);
    }
    // Returns what the check prints. It succeeds only if it prints nothing.
    std::string faults() const {
        Program check({"/usr/bin/python3", "tests/bin/rooms", folder_.path}, {}, Program::Shim::absent);
        int status = check.finish();
        CHECK(check.errors() == "");
        CHECK(status == (check.output().empty() ? 0 : 1));
        return check.output();
    }

private:
    Folder folder_{"rooms"};
};

} // namespace

TEST_SUITE_BEGIN("unit: rooms");

TEST_CASE("the laws of rooms") {
    if (!std::filesystem::exists("/usr/bin/python3"))
        SKIP("there is no /usr/bin/python3");
    Project project;

    SUBCASE("a project that obeys them has no faults") {
        CHECK(project.faults() == "");
    }
    SUBCASE("a room includes only the rooms that its law lists") {
        project.write("shim/base/lock.hh", "#include <atomic>\n\n#include \"shim/table/table.hh\"\n");
        CHECK(project.faults() == "shim/base/lock.hh:3: includes shim/table/table.hh, "
                                  "but the law of shim/base is \"Includes: nothing of the project.\"\n");
    }
    SUBCASE("the law of a folder holds in the folders below it") {
        project.write("tools/text/README.md", "Includes: shim/table.\n");
        project.write("tools/text/text.cc", "#include \"shim/table/table.hh\"\n");
        CHECK(project.faults() == "tools/text/text.cc:1: includes shim/table/table.hh, "
                                  "but the law of tools is \"Includes: shim/base.\"\n");
    }
    SUBCASE("a room does not include a header that its law excludes") {
        project.write("shim/base/lock.hh", "#include <libpq-fe.h>\n");
        CHECK(project.faults() == "shim/base/lock.hh:1: includes libpq-fe.h, "
                                  "but the law of shim/base is \"Not: libpq-fe.h.\"\n");
    }
    SUBCASE("an include is a path from the root") {
        project.write("shim/base/lock.cc", "#include \"lock.hh\"\n");
        CHECK(project.faults() == "shim/base/lock.cc:1: lock.hh is not a path from the root\n");
    }
    SUBCASE("laws do not lead back to their room") {
        project.write("shim/base/README.md", "Includes: shim/table.\n");
        CHECK(project.faults() ==
              "shim/base/README.md:1: the laws lead back: shim/base -> shim/table -> shim/base\n"
              "shim/table/README.md:3: the laws lead back: shim/table -> shim/base -> shim/table\n");
    }
    SUBCASE("each folder with sources has a law") {
        project.write("shim/new/new.hh", "");
        CHECK(project.faults() ==
              "shim/new/README.md:1: states no law: a line \"Includes: FOLDER, FOLDER.\"\n");
    }
}

TEST_SUITE_END();
