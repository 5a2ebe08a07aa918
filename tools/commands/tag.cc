// pqsweep tag: changes the tag of running processes.
#include "tools/commands/asking.hh"
#include "tools/commands/command.hh"

#include <fmt/core.h>

namespace pqsweep::tools {

namespace {

struct TagChange : Asking {
    std::string tag;
};

int act(const TagChange& change) {
    if (change.tag.size() > TextPool::longest) {
        fmt::print(stderr, "pqsweep tag: a tag has {} bytes at most\n", TextPool::longest);
        return exit_wrong_use;
    }
    return ask(change, Mailbox::Kind::tag, change.tag);
}

} // namespace

std::function<int()> declare_tag(CLI::App& app, const std::vector<std::string>& rest) {
    app.footer("The tag is NAME, as if PQSWEEP_TAG said so (\"\" ends it), until the program's own variables "
               "change.\n"
               "What the former tag left open is swept. Exit status: 0 when all have acted, else 1.");
    auto change = std::make_shared<TagChange>();
    app.add_option("name", change->tag, "the new tag")->required();
    add_asking_options(app, *change);
    change->rest = rest;
    return [change] { return act(*change); };
}

} // namespace pqsweep::tools
