#include "tools/report/long_waits.hh"

#include "tools/journal/frame.hh"
#include "tools/text/counts.hh"
#include "tools/verdict/finding.hh"

#include <fmt/core.h>

namespace pqsweep::tools {

namespace {

void add(std::vector<std::string>& lines, const History& history, const LongWait& wait) {
    const Strings& texts = history.texts();
    lines.push_back(
        fmt::format("  {}: {:.0f} s for {}", waiter_of(history, wait), wait.waited, texts[wait.lock]));
    lines.push_back("      " + holder_of(history, wait));
    if (!texts[wait.holder_line].empty())
        lines.push_back("        at " + texts[wait.holder_line]);
    if (wait.is_ended)
        lines.emplace_back("      pqsweep ended that connection");
}

void add(std::vector<std::string>& lines, const History& history, const DatabaseInUse& in_use) {
    lines.push_back(fmt::format("pqsweep: database {} could not be dropped: {} of this run on it",
                                history.texts()[in_use.database],
                                counted(in_use.users.size(), "connection")));
    for (const DatabaseInUse::User& user : in_use.users) {
        lines.push_back(fmt::format("  backend {}, opened by {}", user.backend,
                                    opener_of(history.tag_names()[user.tag], history.texts()[user.test])));
        std::string place = first_frame(history.texts()[user.stack], user.is_source).text();
        if (!place.empty())
            lines.push_back("        at " + place);
    }
}

} // namespace

std::string waiter_of(const History& history, const LongWait& wait) {
    return opener_of(history.tag_names()[wait.tag], history.texts()[wait.test]);
}

std::string holder_of(const History& history, const LongWait& wait) {
    const Strings& texts = history.texts();
    if (texts[wait.holder].empty())
        return "held by no connection of the run";
    std::string text = "held by a connection opened by " + texts[wait.holder];
    if (!texts[wait.holder_user].empty() && wait.holder_user != wait.holder)
        text += ", last used by " + texts[wait.holder_user];
    return text;
}

std::string sentence_of(const History& history, const LongWait& wait) {
    return fmt::format("{} waited {:.0f} s for {}, {}", waiter_of(history, wait), wait.waited,
                       history.texts()[wait.lock], holder_of(history, wait));
}

std::vector<std::string> long_waits(const History& history, size_t most) {
    std::vector<std::string> lines;
    if (!history.waits().empty())
        lines.emplace_back("pqsweep: waited long for a lock:");
    for (size_t i = 0; i < history.waits().size() && i < most; i++)
        add(lines, history, history.waits()[i]);
    if (history.waits().size() > most)
        lines.push_back(fmt::format("  ... and {} more", history.waits().size() - most));
    for (const DatabaseInUse& in_use : history.in_use())
        add(lines, history, in_use);
    return lines;
}

} // namespace pqsweep::tools
