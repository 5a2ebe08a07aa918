#include "tools/blockers/watch.hh"

#include "tools/blockers/asker.hh"
#include "tools/blockers/notice.hh"
#include "tools/blockers/verdict.hh"
#include "tools/live/request.hh"

#include <algorithm>
#include <chrono>
#include <fmt/core.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double look_interval = 1; // second: a wait may have begun so long before it is first seen
constexpr auto patience_with_server = std::chrono::seconds(5);
constexpr auto patience_with_process = std::chrono::seconds(1);

double now_in_seconds() {
    return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

// On a line of its own: a runner may have left dots on this one. At once, so that no other output comes in between.
void print(const std::string& notice) {
    std::string text = "\n" + notice;
    (void)!write(STDERR_FILENO, text.data(), text.size());
}

} // namespace

Watch::Watch(Options options, std::string run, std::function<void(const WaitEvent&)> note)
    : options_(options), note_(std::move(note)), introductions_(std::move(run)),
      suspects_(std::max(patience() - look_interval, patience() / 2)) {}

double Watch::patience() const {
    if (options_.notice <= 0 || options_.unblock <= 0)
        return std::max(options_.notice, options_.unblock);
    return std::min(options_.notice, options_.unblock);
}

Watch::Target Watch::target_of(const SeenConnection& c) {
    return {c.conninfo, c.host, c.port, c.database, c.user};
}

Conninfo Watch::conninfo_of(const Target& target) const {
    const auto& [number, host, port, database, user] = target;
    if (const Conninfo* handed_over = introductions_.find(number))
        return *handed_over;
    Conninfo conninfo{{"host", host}, {"dbname", database}, {"user", user}};
    if (port)
        conninfo.emplace_back("port", std::to_string(port));
    return conninfo;
}

void Watch::add_to(std::vector<pollfd>& watched) const {
    if (introductions_.fd() >= 0)
        watched.push_back({introductions_.fd(), POLLIN, 0});
    if (inquiry_ && inquiry_->fd() >= 0)
        watched.push_back({inquiry_->fd(), POLLIN, 0});
}

void Watch::act() {
    introductions_.receive();
    if (inquiry_ && inquiry_->is_done())
        take_reply();
    std::erase_if(terminations_, [](auto& termination) { return termination->is_done(); });
    if (double now = now_in_seconds(); now >= next_look_) {
        next_look_ = now + look_interval;
        look();
    }
    ask_next();
}

std::vector<Process> Watch::processes() const {
    std::vector<Process> ours = find_processes(Complaints::kept);
    std::erase_if(ours, [&](const Process& process) { return process.board().run_socket != socket(); });
    return ours;
}

void Watch::look() {
    Parties parties(processes());
    for (const Party* party : suspects_.look(parties, now_in_seconds())) {
        Target target = target_of(party->connection);
        if (std::find(to_ask_.begin(), to_ask_.end(), target) == to_ask_.end())
            to_ask_.push_back(target);
    }
}

void Watch::ask_next() {
    if (inquiry_ || to_ask_.empty())
        return;
    asked_ = to_ask_.front();
    asked_at_ = now_in_seconds();
    to_ask_.pop_front();
    Conninfo conninfo = conninfo_of(asked_);
    inquiry_ = std::make_unique<Inquiry>([&] {
        return asker::ask(
            conninfo, [&] { return loaded_libpq(processes()); }, Clock::now() + patience_with_server);
    });
}

void Watch::take_reply() {
    Waits waits = read_waits(inquiry_->reply());
    inquiry_.reset();
    std::vector<Process> all = processes();
    Parties parties(all);
    if (!waits.error.empty() || waits.is_pooled) {
        consider_unasked(waits, parties);
        return;
    }
    double now = now_in_seconds();
    fill_in_hidden_states(waits, parties,
                          [&](const Party& party) { return suspects_.stands_still(party, now); });
    for (const Tree& tree : trees_of(waits))
        consider(tree, waits, parties, all);
}

// In how many seconds something is due for a wait that goes on: a notice, or an ending.
double Watch::interest_in(const Wait& wait) const {
    constexpr double pause = 2, none = 60;
    if (wait.waited < options_.notice)
        return options_.notice - wait.waited;
    if (options_.unblock > 0)
        return std::max(options_.unblock - wait.waited, pause);
    return none;
}

// A server process that is about to end, or another one with its number.
bool Watch::has_just_ended(int backend) const {
    constexpr double long_ago = 30;
    auto place = ended_.find(backend);
    return place != ended_.end() && now_in_seconds() - place->second < long_ago;
}

bool Watch::has_lasted(const Wait& wait) const {
    return options_.notice > 0 && wait.waited >= options_.notice;
}

// Two waits of a waiter are the same if they began at the same time, but for what the way to the server makes of it.
Watch::Noticed& Watch::noticed(Waiter waiter, double waited) {
    constexpr double tolerance = 2;
    double begun = now_in_seconds() - waited;
    Noticed& entry = noticed_.try_emplace(waiter, Noticed{begun}).first->second;
    if (begun - entry.begun > tolerance)
        entry = {begun};
    return entry;
}

WaitEvent Watch::event_of(const Tree& tree, const Wait& wait, const Waits& waits,
                          const Parties& parties) const {
    const Session* waiter = waits.session(wait.waiter);
    WaitEvent event{.waiter = name_of_waiter(wait, waits, parties),
                    .lock = wait.lock.words(),
                    .database = waiter ? waiter->database : "",
                    .waiter_backend = wait.waiter,
                    .waited = wait.waited};
    if (const Party* party = parties.of(waits, wait.waiter))
        event.waiter_tag = party->connection.tag;
    const Node& root = tree.roots.front();
    if (root.wait)
        return event;
    event.holder_backend = root.pid;
    if (const Party* party = parties.of(waits, root.pid)) {
        event.holder = party->opener().empty() ? party->command : party->opener();
        event.holder_line = party->connection.line;
        event.holder_user = party->last_user();
    }
    return event;
}

// Asks the process to end it, as by a sweep. If no signal gets through, the server is asked to.
bool Watch::end(const Party& holder, const Process& process, const std::string& reason) {
    Request request(process, Mailbox::Kind::end, std::string_view(reason).substr(0, TextPool::longest),
                    &holder.connection);
    Request::Answer answer = request.wait(Clock::now() + patience_with_process);
    if (answer.why_not.empty())
        return answer.swept.total() > 0;
    Conninfo conninfo = conninfo_of(target_of(holder.connection));
    int backend = holder.connection.backend;
    terminations_.push_back(std::make_unique<Inquiry>([&] {
        asker::terminate(
            conninfo, backend, [&] { return loaded_libpq(processes()); },
            Clock::now() + patience_with_server);
        return std::string();
    }));
    return true;
}

// Returns the wait for which a holder is to be ended: the longest of those that have lasted long enough, and that don't end by
// themselves. The server says nothing of the time-outs of sessions that were made otherwise than the asking one.
const Wait* Watch::impatient(const Tree& tree, const Waits& waits, const Parties& parties) const {
    const Wait* longest = nullptr;
    each_node(tree.roots, [&](const Node& node) {
        if (!node.wait || options_.unblock <= 0 || node.wait->waited < options_.unblock || waits.has_timeout)
            return;
        const Party* party = parties.of(waits, node.pid);
        bool ends_itself = party && (party->connection.has_timeout || target_of(party->connection) != asked_);
        if (!ends_itself && (!longest || node.wait->waited > longest->waited))
            longest = node.wait;
    });
    return longest;
}

// Returns the server processes.
std::vector<int> Watch::end_forgotten(const Tree& tree, const Wait& wait, const Waits& waits,
                                      const Parties& parties, const std::vector<Process>& all) {
    std::vector<int> ended;
    double now = now_in_seconds();
    double since_question = now - asked_at_;
    std::string reason = fmt::format("{} waited {} for {}", name_of_waiter(wait, waits, parties),
                                     duration(wait.waited), wait.lock.words());
    for (const Node& root : tree.roots) {
        const Party* party = root.wait ? nullptr : parties.of(waits, root.pid);
        double stands_still = party ? suspects_.stands_still(*party, now) : 0;
        bool is_as_reported = party && stands_still >= since_question;
        if (!is_as_reported || has_just_ended(root.pid) ||
            !is_forgotten(*waits.session(root.pid), wait, stands_still, options_.unblock))
            continue;
        auto process = std::ranges::find(all, party->process, &Process::pid);
        if (process == all.end() || !end(*party, *process, reason))
            continue;
        ended_[root.pid] = now;
        ended.push_back(root.pid);
    }
    return ended;
}

void Watch::consider(const Tree& tree, const Waits& waits, const Parties& parties,
                     const std::vector<Process>& all) {
    bool is_ours = false;
    each_node(tree.roots, [&](const Node& node) {
        const Party* party = parties.of(waits, node.pid);
        is_ours = is_ours || party;
        if (node.wait && party) {
            double now = now_in_seconds(), delay = interest_in(*node.wait);
            suspects_.ask_again(*party, now, delay);
            next_look_ = std::min(next_look_, now + delay);
        }
    });
    if (!is_ours)
        return;
    const Wait* end_for = impatient(tree, waits, parties);
    std::vector<int> ended =
        end_for ? end_forgotten(tree, *end_for, waits, parties, all) : std::vector<int>();
    journal(tree, ended.empty() ? nullptr : end_for, waits, parties);
    bool is_news = !ended.empty();
    each_node(tree.roots, [&](const Node& node) {
        is_news = is_news || (node.wait && has_lasted(*node.wait) && !noticed(*node.wait).is_printed);
    });
    if (!is_news)
        return;
    each_node(tree.roots, [&](const Node& node) {
        if (node.wait)
            noticed(*node.wait).is_printed = true;
    });
    std::string text = notice(tree, waits, parties);
    for (int backend : ended)
        text += fmt::format("  pqsweep ends backend {}, which nobody goes on with\n", backend);
    print(text);
}

// Journals each wait once it has lasted, and the one for which a holder was ended; null: none was.
void Watch::journal(const Tree& tree, const Wait* ended_for, const Waits& waits, const Parties& parties) {
    each_node(tree.roots, [&](const Node& node) {
        if (!node.wait)
            return;
        bool is_reason = node.wait == ended_for;
        Noticed& entry = noticed(*node.wait);
        if (!is_reason && (entry.is_journaled || !has_lasted(*node.wait)))
            return;
        entry.is_journaled = true;
        WaitEvent event = event_of(tree, *node.wait, waits, parties);
        event.is_ended = is_reason;
        note_(event);
    });
}

// The server could not be asked. If another connection has been in a transaction on the same database all the time, a statement
// that has run for so long can be waiting for it.
void Watch::consider_unasked(const Waits& waits, const Parties& parties) {
    double now = now_in_seconds();
    if (options_.notice <= 0)
        return;
    parties.each([&](const Party& waiter) {
        const SeenConnection& w = waiter.connection;
        if (target_of(w) != asked_ || w.activity != Activity::running)
            return;
        constexpr double pause = 5;
        double waited = suspects_.stands_still(waiter, now);
        suspects_.ask_again(waiter, now, waited < options_.notice ? options_.notice - waited : pause);
        std::string holders;
        parties.each([&](const Party& holder) {
            const SeenConnection& h = holder.connection;
            if (h.database == w.database && has_transaction(h.activity) &&
                suspects_.stands_still(holder, now) >= options_.notice)
                holders += unasked_holder(holder, suspects_.stands_still(holder, now));
        });
        Noticed& entry = noticed({waiter.process, w.number}, waited);
        if (waited < options_.notice || holders.empty() || entry.is_printed)
            return;
        entry.is_printed = true;
        print(unasked_notice(waiter, waited, waits) + holders);
    });
}

} // namespace pqsweep::tools
