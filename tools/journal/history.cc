#include "tools/journal/history.hh"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace pqsweep::tools {

namespace {

// "build-id file+0xoffset", or without the build id if it is not known.
std::string call_of(const JournalRecord& record, std::string_view frame) {
    std::string_view file = frame.substr(0, frame.rfind('+'));
    for (std::string_view build : record.builds)
        if (build.substr(build.find(' ') + 1) == file)
            return std::string(build).append(frame.substr(file.size()));
    return std::string(frame);
}

// A state that this version does not know counts as running.
Activity activity_named(std::string_view name) {
    const auto* known = std::ranges::find(activity_words, name, &ActivityWords::name);
    return known == std::end(activity_words) ? Activity::running : Activity(known - activity_words);
}

// Returns the name of the script, if the program is an interpreter; else the program's. "python3.11" runs scripts.
std::string_view name_for_people(std::string_view program, std::string_view script) {
    constexpr std::string_view interpreters[] = {"python", "pypy", "perl", "php",
                                                 "ruby",   "node", "lua",  "tclsh"};
    program.remove_prefix(program.rfind('/') + 1);
    bool is_interpreter =
        std::ranges::find(interpreters, program.substr(0, program.find_first_of("0123456789.-"))) !=
        std::end(interpreters);
    if (!is_interpreter || script.empty())
        return program;
    return script.starts_with('/') ? script.substr(script.rfind('/') + 1) : script;
}

void raise(uint32_t& peak, uint32_t value) {
    peak = std::max(peak, value);
}

template<class Entry>
Entry& entry_for(std::vector<Entry>& entries, std::unordered_map<std::string, size_t>& places,
                 const std::string& key, const Entry& fresh) {
    auto [place, is_new] = places.try_emplace(key, entries.size());
    if (is_new)
        entries.push_back(fresh);
    return entries[place->second];
}

} // namespace

TagCounts& TagCounts::operator+=(const TagCounts& other) {
    opened += other.opened;
    closed += other.closed;
    has_tests |= other.has_tests;
    swept += other.swept;
    for (size_t i = 0; i < std::size(fates); i++)
        fates[i] += other.fates[i];
    return *this;
}

Strings::Id History::tag_id(std::string_view name) {
    Strings::Id id = tag_names_.of(name);
    if (id == tags_.size())
        tags_.emplace_back();
    return id;
}

Strings::Id History::stack_id(const JournalRecord& record) {
    std::string all;
    for (std::string_view line : record.source)
        all.append(line).append("\n");
    if (record.source.empty())
        for (std::string_view frame : record.stack)
            all.append(call_of(record, frame)).append("\n");
    return texts_.of(all);
}

History::Process& History::process_of(const JournalRecord& record) {
    auto [place, is_new] = live_.try_emplace(record.process);
    if (!is_new)
        return place->second;
    place->second.number = ++processes_;
    std::string name(record.run.empty() ? record.host : record.run);
    auto [run, is_new_run] = run_places_.try_emplace(name, runs_.size());
    if (is_new_run)
        runs_.push_back({.name = name, .start = now_});
    place->second.run = run->second;
    place->second.program = record.program;
    place->second.name = name_for_people(record.program, record.script);
    return place->second;
}

void History::count(Process& process, Strings::Id tag, int live, int without) {
    Run& run = runs_[process.run];
    run.timeline.change(now_ - run.start, tag, live, without);
    raise(run.peak, run.timeline.live());
    raise(run.peak_without, run.timeline.without());
    if (live > 0 || without > 0) {
        for (auto [current, processes] : run.current) {
            raise(tags_[current].peak, run.timeline.live());
            raise(tags_[current].peak_without, run.timeline.without());
        }
    }
}

// The sweep comes first after a tag change: connections that it closes do not count for the new tag.
void History::settle_tag(Process& process) {
    if (!process.is_tag_new)
        return;
    process.is_tag_new = false;
    Run& run = runs_[process.run];
    auto place = std::find_if(run.current.begin(), run.current.end(),
                              [&](auto& entry) { return entry.first == process.tag; });
    if (place == run.current.end())
        run.current.emplace_back(process.tag, 1);
    else
        place->second++;
    raise(tags_[process.tag].peak, run.timeline.live());
    raise(tags_[process.tag].peak_without, run.timeline.without());
}

void History::change_tag(Process& process, const JournalRecord& record) {
    if (!process.is_tag_new) {
        auto& current = runs_[process.run].current;
        auto place = std::find_if(current.begin(), current.end(),
                                  [&](auto& entry) { return entry.first == process.tag; });
        if (--place->second == 0)
            current.erase(place);
    }
    process.is_tag_new = true;
    process.tag = tag_id(record.tag);
    process.tags_ended += !record.ended.empty();
}

History::Open& History::open(Process& process, const JournalRecord& record) {
    bool is_nameless = record.tag.empty() && record.test.empty();
    Open connection{.tag = tag_id(record.tag),
                    .test = texts_.of(is_nameless ? process.name : record.test),
                    .tags_before = process.tags_ended};
    describe(connection, record);
    tags_[connection.tag].opened++;
    tags_[connection.tag].has_tests |= !record.test.empty();
    if (connection.tag == 0)
        note_untagged(connection);
    return process.connections.emplace(record.connection, connection).first->second;
}

void History::describe(Open& c, const JournalRecord& record) {
    c.stack = stack_id(record);
    c.is_source = !record.source.empty();
    c.database = texts_.of(record.database);
    c.backend = record.backend;
    c.is_pools = record.pool != 0;
    c.pool_line = texts_.of(record.pool_line);
    if (c.is_pools)
        pool_of(c).tags.insert(c.tag);
}

void History::settle(Process& process, Open& c, Fate fate) {
    c.awaits_fate = false;
    c.outlived = process.tags_ended - c.tags_before;
    bool is_left = is_straggler(fate) && fate != Fate::revived;
    if (is_left && c.stack == Strings::none && !process.program.empty())
        unlocated_programs_.insert(process.program);
    if (c.is_pools && fate == Fate::left_open && texts_[c.state] == name_of(Activity::idle))
        pool_of(c).left.emplace_back(process.number, c);
    else
        add_culprit(c, fate);
}

void History::add_culprit(const Open& c, Fate fate) {
    tags_[c.tag].fates[static_cast<int>(fate)]++;
    std::string key = fmt::format("{} {} {} {} {} {}", c.tag, c.test, c.stack, c.pool_line, c.state,
                                  static_cast<int>(fate));
    Culprit fresh{.tag = c.tag,
                  .test = c.test,
                  .stack = c.stack,
                  .is_source = c.is_source,
                  .is_pools = c.is_pools,
                  .pool_line = c.pool_line,
                  .state = c.state,
                  .fate = fate,
                  .backend = c.backend,
                  .database = c.database};
    Culprit& culprit = entry_for(culprits_, culprit_places_, key, fresh);
    culprit.count++;
    if (c.last_test != Strings::none)
        culprit.last_test = c.last_test;
    culprit.outlived = std::max<uint64_t>(culprit.outlived, c.outlived);
    culprit.age = std::max(culprit.age, c.age);
}

History::Pool& History::pool_of(const Open& c) {
    std::string_view stack = texts_[c.stack];
    return pools_[std::string(stack.substr(0, stack.find('\n')))];
}

// A pool lends an idle connection before it opens another one. So those that a single test has used are all of one test. If
// two tests of a process left such connections, each test had a pool, and left it open.
// What several tags use is nobody's leak. In one process that shows if several tags used a connection. Parallel workers can
// have a tag each. Then the line that opened the connections shows it.
void History::settle_pools() {
    for (auto& [line, pool] : pools_) {
        std::map<uint64_t, std::set<Strings::Id>> tests; // of each process
        for (const auto& [process, c] : pool.left)
            if (c.last_test == Strings::none)
                tests[process].insert(c.test);
        bool has_each_its_own =
            std::ranges::any_of(tests, [](const auto& entry) { return entry.second.size() > 1; });
        bool is_everybodys = (pool.is_shared || pool.tags.size() > 1) && !has_each_its_own;
        for (const auto& [process, c] : pool.left)
            add_culprit(c, is_everybodys ? Fate::open_at_exit : Fate::left_open);
    }
}

void History::close(Process& process, const JournalRecord& record) {
    auto place = process.connections.find(record.connection);
    if (place == process.connections.end())
        return;
    Open& c = place->second;
    bool is_late = record.by == name_of(journal::Close::late);
    if (is_late)
        c.fate = Fate::closed_late;
    if (c.is_live && (is_late || record.by == name_of(journal::Close::dropped))) {
        c.is_closed = true;
        return;
    }
    if (c.awaits_fate)
        settle(process, c, record.by == name_of(journal::Close::reset) ? Fate::reset : c.fate);
    else if (c.is_live && c.is_left)
        settle(process, c, Fate::open_at_exit);
    else if (c.is_live)
        tags_[c.tag].closed++;
    count(process, c.tag, c.is_live ? -1 : 0, -1);
    process.connections.erase(place);
}

void History::sweep(Process& process, const JournalRecord& record) {
    auto place = process.connections.find(record.connection);
    if (place == process.connections.end()) { // it was still connecting, or its opening comes next
        Open& half_open = open(process, record);
        half_open.is_live = false;
        count(process, half_open.tag, 0, 1);
        place = process.connections.find(record.connection);
    }
    Open& c = place->second;
    if (c.is_live)
        count(process, c.tag, -1, 0);
    c.is_live = false;
    c.awaits_fate = true;
    c.state = texts_.of(record.state);
    c.last_test = texts_.of(record.last_test);
    c.age = record.age;
    if (!(c.is_closed && c.fate == Fate::closed_late))
        c.fate = record.shared ? Fate::open_at_exit : Fate::left_open;
    if (c.is_pools && record.shared)
        pool_of(c).is_shared = true;
    tags_[c.tag].swept.of(activity_named(record.state))++;
    Run& run = runs_[process.run];
    run.timeline.sweep(now_ - run.start, c.tag);
    if (c.is_closed) {
        settle(process, c, c.fate);
        count(process, c.tag, 0, -1);
        process.connections.erase(place);
    }
}

void History::end(Process& process) {
    for (auto& [number, c] : process.connections) {
        if (c.awaits_fate)
            settle(process, c, c.fate);
        else if (c.is_live && !c.is_closed)
            settle(process, c, Fate::open_at_exit);
        count(process, c.tag, c.is_live ? -1 : 0, -1);
    }
    change_tag(process, {});
    fold_inherited(process);
    without_exit_ += !process.has_exit;
}

// A process can use a connection first and finish it later: it is one connection.
void History::note_inherited(Process& process, const JournalRecord& record) {
    auto known = std::ranges::find_if(process.inherited, [&](const Inherited& i) {
        return i.backend == record.backend && texts_[i.did] == "used" && record.did == "finished";
    });
    if (known != process.inherited.end())
        known->did = texts_.of("used and finished");
    else
        process.inherited.push_back({.tag = tag_id(record.tag),
                                     .test = texts_.of(record.test),
                                     .did = texts_.of(record.did),
                                     .database = texts_.of(record.database),
                                     .stack = stack_id(record),
                                     .is_source = !record.source.empty(),
                                     .backend = record.backend});
}

void History::fold_inherited(const Process& process) {
    for (const Inherited& i : process.inherited) {
        std::string key = fmt::format("{} {} {} {}", i.tag, i.test, i.did, i.stack);
        entry_for(inherited_, inherited_places_, key, i).count++;
    }
}

void History::note_wait(const JournalRecord& record) {
    constexpr double tolerance = 2; // seconds that two looks at one wait can differ
    LongWait wait{.tag = tag_id(record.tag),
                  .test = texts_.of(record.test),
                  .lock = texts_.of(record.lock),
                  .database = texts_.of(record.database),
                  .backend = record.backend,
                  .begun = static_cast<double>(record.time) / 1e6 - record.took,
                  .holder = texts_.of(record.holder),
                  .holder_line = texts_.of(record.holder_line),
                  .holder_user = texts_.of(record.holder_user),
                  .waited = record.took,
                  .is_ended = record.did == "ended"};
    auto former = std::ranges::find_if(waits_, [&](const LongWait& w) {
        return w.backend == wait.backend && std::abs(w.begun - wait.begun) < tolerance;
    });
    if (former == waits_.end())
        waits_.push_back(wait);
    else
        *former = wait;
}

void History::note_launch(const JournalRecord& record) {
    launches_.push_back({.run = std::string(record.run),
                         .command = std::string(record.command),
                         .folder = std::string(record.folder),
                         .host = std::string(record.host),
                         .versions = std::string(record.versions),
                         .root = std::string(record.root),
                         .revision = std::string(record.revision)});
}

void History::note_in_use(const JournalRecord& record) {
    DatabaseInUse in_use{.database = texts_.of(record.database)};
    for (auto& [process, state] : live_)
        for (auto& [number, c] : state.connections)
            if (c.is_live && c.database == in_use.database)
                in_use.users.push_back({c.tag, c.test, c.stack, c.is_source, c.backend});
    std::ranges::sort(in_use.users, {}, &DatabaseInUse::User::backend);
    auto former = std::ranges::find(in_use_, in_use.database, &DatabaseInUse::database);
    if (former == in_use_.end())
        in_use_.push_back(std::move(in_use));
    else
        *former = std::move(in_use); // it was tried again
}

void History::note_untagged(const Open& c) {
    Untagged fresh{.stack = c.stack, .is_source = c.is_source};
    entry_for(untagged_, untagged_places_, std::to_string(c.stack), fresh).opened++;
}

void History::note_warning(const JournalRecord& record) {
    constexpr std::string_view prefix = "pqsweep: ";
    for (std::string_view rest = record.text; !rest.empty();) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        warnings_.emplace(line.starts_with(prefix) ? line.substr(prefix.size()) : line);
    }
}

void History::note_no_slot(const JournalRecord& record) {
    if (slotless_)
        return;
    slotless_ = {tag_id(record.tag), texts_.of(record.test)};
    for (auto& [process, state] : live_)
        for (auto& [number, c] : state.connections)
            if (c.is_live && c.tag == 0)
                untagged_[untagged_places_.at(std::to_string(c.stack))].open_without_slot++;
}

void History::take(const JournalRecord& record, bool is_last) {
    now_ = record.time;
    // By `pqsweep run`, which has no connections.
    if (record.event == Event::wait)
        return note_wait(record);
    if (record.event == Event::run)
        return note_launch(record);
    Process& process = process_of(record);
    if (record.event)
        apply(process, record);
    if (is_last) {
        end(process);
        live_.erase(record.process);
    }
}

void History::apply(Process& process, const JournalRecord& record) {
    if (record.event != Event::sweep && record.event != Event::tag)
        settle_tag(process);
    auto place = process.connections.find(record.connection);
    Open* connection = place == process.connections.end() ? nullptr : &place->second;
    switch (*record.event) {
    case Event::open:
        if (connection) // another thread wrote its sweep first
            describe(*connection, record);
        else
            count(process, open(process, record).tag, 1, 1);
        break;
    case Event::close:
        close(process, record);
        break;
    case Event::tag:
        if (!record.variable.empty())
            tag_variables_.emplace(record.variable);
        change_tag(process, record);
        break;
    case Event::sweep:
        sweep(process, record);
        break;
    case Event::revive:
        revival_time_ += record.took;
        if (connection && connection->awaits_fate)
            settle(process, *connection, Fate::revived);
        if (connection && !connection->is_live) {
            connection->is_live = true;
            count(process, connection->tag, 1, 0);
        }
        break;
    case Event::rollback:
        if (connection && record.by == name_of(journal::Close::late))
            connection->fate = Fate::closed_late;
        else if (connection && connection->awaits_fate)
            settle(process, *connection, connection->fate);
        break;
    case Event::refuse:
        if (connection && connection->awaits_fate)
            settle(process, *connection, Fate::used_again);
        break;
    case Event::left:
        if (connection) {
            connection->state = texts_.of(record.state);
            connection->last_test = texts_.of(record.last_test);
            connection->age = record.age;
            connection->is_left = true;
        }
        break;
    case Event::inherited:
        note_inherited(process, record);
        process.has_exit = true; // a process without a connection of its own writes no exit
        break;
    case Event::exit:
        process.has_exit = true;
        untracked_ += static_cast<uint64_t>(record.untracked);
        break;
    case Event::in_use:
        note_in_use(record);
        break;
    case Event::no_slot:
        note_no_slot(record);
        break;
    case Event::warning:
        note_warning(record);
        break;
    case Event::start:
    case Event::fork:
    case Event::wait:
    case Event::run:
        break;
    }
}

void History::finish() {
    settle_pools();
    for (Run& run : runs_)
        run.timeline.finish();
}

TagCounts History::total() const {
    TagCounts all;
    for (const TagCounts& tag : tags_)
        all += tag;
    for (const Run& run : runs_) {
        raise(all.peak, run.peak);
        raise(all.peak_without, run.peak_without);
    }
    return all;
}

} // namespace pqsweep::tools
