// pqsweep tag changes the tag of running processes, or says which fixture is being set up in them, or has ended.
#include "tools/commands/asking.hh"
#include "tools/commands/command.hh"

#include <fmt/core.h>

namespace pqsweep::tools {

namespace {

struct TagChange : Asking {
    std::string name;
    bool is_fixture = false;
    bool is_fixture_end = false;
};

int act(const TagChange& change) {
    if (change.name.size() > TextPool::longest)
        return refuse("tag", "a name has at most {} bytes", TextPool::longest);
    return ask(change,
               change.is_fixture       ? Mailbox::Kind::fixture
               : change.is_fixture_end ? Mailbox::Kind::fixture_end
                                       : Mailbox::Kind::tag,
               change.name);
}

} // namespace

std::function<int()> declare_tag(CLI::App& app, const std::vector<std::string>& rest) {
    app.footer(
        "The tag is NAME, as if PQSWEEP_TAG said so (\"\" ends it), until the program's own variables "
        "change. What the former tag left open is swept. With --fixture, connections belong to the fixture "
        "NAME until another is named (\"\": none); --end-fixture sweeps those of the fixture NAME.\n"
        "Exit status: 0 if all have acted, else 1.");
    auto change = std::make_shared<TagChange>();
    app.add_option("name", change->name, "the new tag, or the fixture")->required();
    auto* fixture = app.add_flag("--fixture", change->is_fixture,
                                 "NAME is a fixture that is being set up (as PQSWEEP_FIXTURE)");
    app.add_flag("--end-fixture", change->is_fixture_end,
                 "NAME is a fixture that has ended (as PQSWEEP_FIXTURE_END)")
        ->excludes(fixture);
    add_asking_options(app, *change);
    change->rest = rest;
    return [change] { return act(*change); };
}

} // namespace pqsweep::tools
