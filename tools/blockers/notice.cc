#include "tools/blockers/notice.hh"

#include "tools/text/utf8.hh"

#include <filesystem>
#include <fmt/core.h>

namespace pqsweep::tools {

namespace {

constexpr size_t line_width = 79; // the 80th makes some terminals wrap
constexpr size_t most_lines = 60;
constexpr size_t most_holders = 4, most_details = 4;

std::string state_of(const Session& s) {
    std::string since = s.in_state > 0 ? fmt::format(" for {}", duration(s.in_state)) : "";
    if (s.is_in_transaction() || s.is_idle())
        return s.state + since;
    if (s.waits_for_client())
        return fmt::format("{} that its program does not go on with{}",
                           s.statement.empty() ? "a statement" : s.statement, since);
    if (s.state == "active")
        return fmt::format("running {}{}", s.statement.empty() ? "a statement" : s.statement,
                           fmt::format(" for {}", duration(s.in_statement)));
    return s.state.empty() ? "its state is hidden from this role" : s.state;
}

// Returns the line that opened the connection, and its callers': as one text if that fits, else each for itself. Names of files below the
// current folder are relative.
std::vector<std::string> places_of(const SeenConnection& c, const std::string& begin, size_t indent) {
    if (c.line.empty())
        return {};
    constexpr std::string_view caller = " < ";
    std::error_code error;
    std::string folder = std::filesystem::current_path(error).string() + "/";
    std::string line = c.line.starts_with(folder) ? c.line.substr(folder.size()) : c.line;
    std::string left = begin + line + c.callers;
    bool is_wide = indent + left.size() > line_width;
    std::vector<std::string> all;
    for (size_t next = left.find(caller); is_wide && next != left.npos;
         next = left.find(caller, begin.size())) {
        all.push_back(left.substr(0, next));
        left = std::string(begin.size() - 2, ' ') + left.substr(next + 1);
    }
    all.push_back(left);
    return all;
}

std::string cut(size_t indent, const std::string& text) {
    return std::string(indent, ' ') + shortened(printable(text), line_width - indent) + "\n";
}

class Text {
public:
    Text(const Waits& waits, const Parties& parties) : waits_(waits), parties_(parties) {}

    std::string of(const Tree& tree) {
        head(tree);
        size_t shown = 0;
        for (const Node& root : tree.roots)
            if (!root.wait && shown++ < most_holders)
                holder(root);
        if (shown > most_holders)
            line(2, fmt::format("... and {} more holders", shown - most_holders));
        line(2, shown ? "waiting for it:" : "waiting, for no session that the server can name:");
        left_ = tree.waiters();
        for (const Node& root : tree.roots)
            root.wait ? waiter(root, 4) : behind(root, 4);
        if (left_)
            line(4, fmt::format("... and {} more", left_));
        return std::move(out_);
    }

private:
    void line(size_t indent, const std::string& text) {
        out_ += cut(indent, text);
        lines_++;
    }

    void places(size_t indent, const std::string& begin, const SeenConnection& c) {
        for (const std::string& place : places_of(c, begin, indent))
            line(indent, place);
    }

    void head(const Tree& tree) {
        const Wait& longest = *tree.longest();
        std::string name = name_of_waiter(longest, waits_, parties_);
        std::string rest = fmt::format(" has waited {} for a lock", duration(longest.waited));
        if (size_t others = tree.waiters() - 1)
            rest += fmt::format(", with {} more", others);
        std::string begin = "pqsweep: ";
        line(0, begin + shortened(name, line_width - begin.size() - rest.size()) + rest);
    }

    void process(size_t indent, const Party& party) {
        line(indent, fmt::format("process {}: {}", party.process, party.command));
    }

    void foreign(size_t indent, const Session& s) {
        std::string text = "none of the run's:";
        if (!s.application.empty())
            text += fmt::format(" {},", s.application);
        text +=
            fmt::format(" user {}, {}", s.user, s.address.empty() ? "on the server's machine" : s.address);
        line(indent, text);
    }

    void holder(const Node& root) {
        if (root.pid == 0) {
            for (const std::string& gid : waits_.prepared)
                line(2, fmt::format("held by prepared transaction '{}': COMMIT or ROLLBACK PREPARED ends it",
                                    gid));
            return;
        }
        const Session* session = waits_.session(root.pid);
        if (!session)
            return line(2,
                        fmt::format("held by backend {}, whose session the server does not show", root.pid));
        line(2, fmt::format("held by backend {}, {}", root.pid, state_of(*session)));
        const Party* party = parties_.of(*session);
        if (!party)
            return foreign(4, *session);
        const SeenConnection& c = party->connection;
        line(4, party->opener().empty() ? "opened while no tag was set" : "opened by " + party->opener());
        places(6, "at ", c);
        if (!party->last_user().empty() && party->last_user() != party->opener())
            line(4, "last used by " + party->last_user());
        process(4, *party);
    }

    void behind(const Node& node, size_t indent) {
        for (const Node& next : node.waiters)
            waiter(next, indent);
    }

    void waiter(const Node& node, size_t indent) {
        constexpr size_t room_for_last = 1, details = 6;
        if (lines_ + room_for_last >= most_lines)
            return;
        left_--;
        const Wait& wait = *node.wait;
        const Session* session = waits_.session(node.pid);
        const Party* party = session ? parties_.of(*session) : nullptr;
        std::string statement = session && !session->statement.empty() ? ": " + session->statement : "";
        bool is_detailed = detailed_ < most_details && lines_ + room_for_last + details < most_lines;
        std::string begin = fmt::format("backend {}, {}{}", node.pid, duration(wait.waited), statement);
        if (!is_detailed) {
            line(indent,
                 fmt::format("{}, {}{}", begin, wait.lock.words(), party ? ", " + party->last_user() : ""));
        } else {
            detailed_++;
            line(indent, begin);
            line(indent + 2, "needs " + wait.lock.words());
            if (party && !party->last_user().empty())
                line(indent + 2, "in " + party->last_user());
            if (party)
                places(indent + 2, "connected at ", party->connection);
            if (party)
                process(indent + 2, *party);
            else if (session)
                foreign(indent + 2, *session);
        }
        behind(node, indent + 2);
    }

    const Waits& waits_;
    const Parties& parties_;
    std::string out_;
    size_t lines_ = 0, left_ = 0, detailed_ = 0;
};

} // namespace

std::string duration(double seconds) {
    return seconds < 120 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.0f} min", seconds / 60);
}

std::string name_of_waiter(const Wait& wait, const Waits& waits, const Parties& parties) {
    const Session* session = waits.session(wait.waiter);
    const Party* party = session ? parties.of(*session) : nullptr;
    if (party && !party->last_user().empty())
        return party->last_user();
    if (party)
        return party->command;
    if (session && !session->application.empty())
        return session->application;
    return fmt::format("backend {}", wait.waiter);
}

std::string unasked_notice(const Party& waiter, double waited, const Waits& waits) {
    std::string name = waiter.last_user().empty() ? waiter.command : waiter.last_user();
    std::string begin = "pqsweep: ", rest = fmt::format(" may wait for a lock, for {}", duration(waited));
    return cut(0, begin + shortened(name, line_width - begin.size() - rest.size()) + rest) +
           cut(2, waits.is_pooled ? "a pooler hides which session of the server is whose"
                                  : "the server can't be asked: " + waits.error) +
           cut(2, fmt::format("process {}: {}", waiter.process, waiter.command));
}

std::string unasked_holder(const Party& holder, double stands_still) {
    const SeenConnection& c = holder.connection;
    std::string text =
        cut(2, fmt::format("a connection has been in a transaction for {}", duration(stands_still)));
    text += cut(4, holder.opener().empty() ? "opened while no tag was set" : "opened by " + holder.opener());
    for (const std::string& place : places_of(c, "at ", 6))
        text += cut(6, place);
    if (!holder.last_user().empty() && holder.last_user() != holder.opener())
        text += cut(4, "last used by " + holder.last_user());
    return text;
}

std::string notice(const Tree& tree, const Waits& waits, const Parties& parties) {
    return Text(waits, parties).of(tree);
}

} // namespace pqsweep::tools
