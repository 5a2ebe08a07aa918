// Links from a line of source to a page or an editor that shows it.
#pragma once

#include "tools/journal/frame.hh"
#include "tools/journal/history.hh"

namespace pqsweep::tools {

class SourceLinks {
public:
    // `form` is an address with {file}, {line}, {root} and {revision}, or `vscode`. If it is empty, GitHub's or GitLab's
    // variables say where the sources are; without them there are no links.
    SourceLinks(std::string form, const History& history);

    // Returns the address, or nothing if there is none.
    std::string to(const std::string& file, int line) const;

private:
    std::string form_, root_, revision_;
};

} // namespace pqsweep::tools
