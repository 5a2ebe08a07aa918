#include "shim/lifecycle/tag.hh"

#include "shim/base/stderr.hh"
#include "shim/base/text.hh"
#include "shim/report/journal.hh"

#include <cstring>
#include <type_traits>

namespace pqsweep::tag {

constinit Relaxed<TextId> latest_test{not_interned};

namespace {

// Where environment::read() has our variables. The variables that PQSWEEP_TAG_FROM names follow them.
enum Place : uint8_t { explicit_tag, running_test, fixture, fixture_end, program_end, from_runner };
constexpr FixedText<19> our_names[from_runner] = {"PQSWEEP_TAG", "PQSWEEP_TEST", "PQSWEEP_FIXTURE",
                                                  "PQSWEEP_FIXTURE_END", "PQSWEEP_END"};

struct Variables {
    std::string_view names[environment::most_names];
    static_assert(from_runner + std::extent_v<decltype(Settings::tag_from.items)> <= environment::most_names);
    int count = 0;
    Variables() {
        for (std::string_view name : our_names)
            names[count++] = name;
        for (std::string_view name : the_settings().tag_from)
            names[count++] = name;
    }
};

// What the environment said last.
struct Source {
    Lock lock;
    Relaxed<TextId> explicit_tag;
    TextId fixture;
    TextId ended_fixture;
    Relaxed<bool> is_overruled; // by a tag from outside
    bool is_nested;             // a run inside the test is under way
    Relaxed<bool> is_over;      // an adapter has said that the program ends
    Relaxed<size_t> test_length;
    char test[TextPool::longest]; // the text of latest_test
};
constinit Source source{};

struct Outcome {
    bool has_tag_changed;
    TextId ended_tag;
    TextId ended_fixture;      // none: no fixture ended
    std::string_view variable; // that the tag comes from
    bool is_end = false;       // of the program
};

// With the source locked.
void switch_to(Table& table, TextId next, Outcome& outcome) {
    TextId previous = table.tag;
    if (previous == next)
        return;
    table.tag = next;
    if (previous != TextId::none)
        table.epoch.add(1);
    outcome.has_tag_changed = true;
    outcome.ended_tag = previous;
}

std::string_view without_phase(std::string_view id) {
    for (std::string_view phase : {" (setup)", " (call)", " (teardown)"})
        if (id.ends_with(phase))
            return {id.data(), id.size() - phase.size()};
    return id;
}

// Returns whether a runner's own variable names the test that its adapter names, with a phase.
bool names_phase_of(const char* runners, const char* test) {
    if (!runners || !*test)
        return false;
    std::string_view id = runners, name = without_phase(id);
    return name.size() < id.size() && name == test;
}

// With the source locked. A test of pytest's can run pytest: then another test's setup follows its call. Until its own teardown,
// whatever the variable says is a part of it.
std::string_view outermost(std::string_view test) {
    std::string_view current(source.test, source.test_length);
    if (without_phase(test) == without_phase(current))
        source.is_nested = false;
    else if (current.ends_with(" (call)") && test.ends_with(" (setup)"))
        source.is_nested = true;
    return source.is_nested ? current : test;
}

TextId intern(Table& table, const char* value) {
    return value ? table.texts.intern(value) : TextId::none;
}

// With the source locked. Ignores a value that has not changed, so that what a tool set meanwhile stays.
void take_fixtures(Table& table, TextId set_up, TextId ended, Outcome& outcome) {
    if (set_up != source.fixture) {
        source.fixture = set_up;
        table.fixture = set_up;
    }
    if (ended != source.ended_fixture) {
        source.ended_fixture = ended;
        outcome.ended_fixture = ended;
    }
}

// With the source locked. The tag ends if PQSWEEP_TAG is unset, or if a runner's adapter says that no test is running. It goes
// on if a runner's own variable is unset: pytest unsets its own between tests.
void take_tag(Table& table, TextId explicit_name, std::string_view test, bool is_adapters, TextId next,
              Outcome& outcome) {
    std::string_view kept = utf8_prefix(test, sizeof source.test);
    bool is_news =
        explicit_name != source.explicit_tag || kept != std::string_view(source.test, source.test_length);
    if (source.is_overruled && !is_news)
        return;
    source.is_overruled = false;
    if (is_news)
        latest_test = not_interned;
    memmove(source.test, kept.data(), kept.size());
    source.test_length = kept.size();
    bool was_explicit = source.explicit_tag != TextId::none;
    source.explicit_tag = explicit_name;
    if (next != TextId::none || was_explicit || is_adapters)
        switch_to(table, next, outcome);
}

Outcome take(Table& table, const char* const* values) {
    const char* value = values[running_test];
    bool is_adapters = value;
    int place = running_test;
    for (int i = 0; !value && i < the_settings().tag_from.size; i++) {
        value = values[from_runner + i];
        place = from_runner + i;
    }
    for (int i = 0; is_adapters && i < the_settings().tag_from.size; i++)
        if (names_phase_of(values[from_runner + i], value))
            value = values[from_runner + i];
    TextId explicit_name = intern(table, values[explicit_tag]);
    TextId set_up = intern(table, values[fixture]), ended = intern(table, values[fixture_end]);

    Outcome outcome{};
    Lock::Guard guard(source.lock);
    if (values[program_end] && !source.is_over) { // PHP restores its environment before it destroys objects
        source.is_over = true;
        outcome.is_end = true;
    }
    std::string_view test = value ? std::string_view(value, strlen(value)) : "";
    if (!is_adapters)
        test = outermost(test);
    std::string_view id = test;
    if (explicit_name != TextId::none) {
        place = Place::explicit_tag;
        id = table.texts.text(explicit_name);
        if (test.empty() && id.find("::") != id.npos)
            test = id;
    }
    TextId next = table.texts.intern(scoped(id, the_settings().scope));
    if (next != TextId::none)
        outcome.variable = Variables().names[place];
    take_tag(table, explicit_name, test, is_adapters, next, outcome);
    take_fixtures(table, set_up, ended, outcome);
    return outcome;
}

void read_environment(environment::Changed changed, void (*use)(void*, const char* const*), void* context) {
    BlockedSignals blocked;
    Variables variables;
    environment::read(variables.names, variables.count, changed, use, context);
}

Outcome read(Table& table, environment::Changed changed) {
    struct Context {
        Table& table;
        Outcome outcome;
    } context{table, {}};
    read_environment(
        changed,
        [](void* data, const char* const* values) {
            auto& c = *static_cast<Context*>(data);
            c.outcome = take(c.table, values);
        },
        &context);
    return context.outcome;
}

Swept follow(Table& table, const Outcome& outcome, sweep::Patience patience) {
    Swept swept{};
    if (outcome.has_tag_changed) {
        want_warnings();
        journal::tag_changed(table, outcome.ended_tag, outcome.variable);
        if (outcome.ended_tag != TextId::none)
            swept = sweep::after_tag_change(table, patience);
        table.tags.of(table.tag).peak.raise_to(table.live);
    }
    if (outcome.ended_fixture != TextId::none)
        swept += sweep::after_fixture_end(table, outcome.ended_fixture, patience);
    if (outcome.is_end)
        journal::left(table);
    return swept;
}

} // namespace

std::string_view scoped(std::string_view id, Scope scope) {
    size_t file_end = id.find("::");
    if (file_end == id.npos)
        return id;
    if (scope == Scope::module)
        return {id.data(), file_end};
    if (scope == Scope::package) {
        size_t slash = std::string_view(id.data(), file_end).rfind('/');
        return slash == id.npos ? "." : std::string_view(id.data(), slash);
    }
    return without_phase(id);
}

void reread(Table& table, environment::Changed changed) {
    follow(table, read(table, changed), sweep::Patience::settle);
}

Swept set_from_outside(Table& table, std::string_view name) {
    TextId next = table.texts.intern(scoped(name, the_settings().scope));
    Outcome outcome{};
    {
        Lock::Guard guard(source.lock);
        source.is_overruled = true;
        switch_to(table, next, outcome);
    }
    return follow(table, outcome, sweep::Patience::none);
}

void set_fixture_from_outside(Table& table, std::string_view name) {
    table.fixture = table.texts.intern(name);
}

Swept end_fixture_from_outside(Table& table, std::string_view name) {
    return follow(table,
                  {.has_tag_changed = false,
                   .ended_tag = TextId::none,
                   .ended_fixture = table.texts.intern(name),
                   .variable = {}},
                  sweep::Patience::none);
}

void start(Table& table) {
    reread(table, environment::Changed::by_anybody);
}

bool is_watched(std::string_view name) {
    if (starts_with(name, "PQSWEEP_"))
        for (std::string_view ours : our_names)
            if (name == ours)
                return true;
    for (std::string_view runners : the_settings().tag_from)
        if (name == runners)
            return true;
    return false;
}

void environment_changed(const char* name, environment::Mutation& mutation) {
    Table* table = table::existing();
    if (!table)
        return;
    if (name && name == our_names[fixture_end]) { // the same fixture can be set up, and end, again
        Lock::Guard guard(source.lock);
        source.ended_fixture = TextId::none;
    }
    Outcome outcome = read(*table, environment::Changed::by_libc);
    mutation.looked_at();
    follow(*table, outcome, sweep::Patience::settle);
}

TextId intern_test(Table& table) {
    Lock::Guard guard(source.lock);
    TextId id = table.texts.intern({source.test, source.test_length});
    latest_test = id;
    return id;
}

bool is_over() {
    return source.is_over;
}

void look_for_end(Table& table) {
    if (source.is_over || environment::as_last_read())
        return;
    bool is_end = false;
    read_environment(
        environment::Changed::by_anybody,
        [](void* data, const char* const* values) { *static_cast<bool*>(data) = values[program_end]; },
        &is_end);
    environment::doubt();
    if (is_end)
        look(table);
}

bool is_in_body(Table& table) {
    return table.texts.text(test(table)).ends_with(std::string_view(" (call)"));
}

bool has_run_out(const Table& table) {
    return table.tag != TextId::none && source.explicit_tag == TextId::none && source.test_length == 0 &&
           !source.is_overruled;
}

void forget() {
    source.lock.reset();
    source.explicit_tag = TextId::none;
    source.fixture = source.ended_fixture = TextId::none;
    source.is_overruled = false;
    source.is_nested = source.is_over = false;
    source.test_length = 0;
    latest_test = not_interned;
}

} // namespace pqsweep::tag
