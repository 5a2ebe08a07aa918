#include "shim/lifecycle/tag.hh"

#include "shim/base/text.hh"
#include "shim/report/journal.hh"

#include <cstring>

namespace pqsweep::tag {

namespace {

constexpr std::string_view explicit_variable = "PQSWEEP_TAG";

struct Variables {
    std::string_view names[17];
    int count = 0;
    Variables() {
        names[count++] = explicit_variable;
        for (std::string_view name : the_settings().tag_from)
            names[count++] = name;
    }
};

// What the environment said last. The test id is only copied here: most tests open no connection, and a
// TextId is for ever.
struct Source {
    Lock lock;
    TextId explicit_tag;
    bool is_overruled; // by a tag from outside
    size_t test_length;
    char test[TextPool::longest];
    Relaxed<TextId> test_id; // of that text, if it has one
    std::atomic<bool> has_test_id;
};
constinit Source source{};

struct Outcome {
    bool changed;
    TextId ended;
};

// With the source locked.
Outcome switch_to(Table& table, TextId next) {
    TextId previous = table.tag;
    if (previous == next)
        return {false, TextId::none};
    table.tag = next;
    if (previous != TextId::none)
        table.epoch.add(1);
    return {true, previous};
}

// An explicit tag that goes away ends; a runner's variable that does says nothing (pytest unsets its own
// between tests).
Outcome take(Table& table, const char* explicit_tag, const char* test) {
    size_t test_length = test ? strlen(test) : 0;
    TextId explicit_name = explicit_tag ? table.texts.intern(explicit_tag) : TextId::none;
    TextId next = explicit_name;
    if (next == TextId::none && test_length)
        next = table.texts.intern(scoped({test, test_length}, the_settings().scope));

    Lock::Guard guard(source.lock);
    std::string_view kept = utf8_prefix({test ? test : "", test_length}, sizeof source.test);
    bool is_news =
        explicit_name != source.explicit_tag || kept != std::string_view(source.test, source.test_length);
    if (source.is_overruled && !is_news)
        return {false, TextId::none};
    source.is_overruled = false;
    if (is_news)
        source.has_test_id.store(false, std::memory_order_relaxed);
    memcpy(source.test, kept.data(), kept.size());
    source.test_length = kept.size();
    bool was_explicit = source.explicit_tag != TextId::none;
    source.explicit_tag = explicit_name;
    if (next == TextId::none && !was_explicit)
        return {false, TextId::none};
    return switch_to(table, next);
}

Swept follow(Table& table, const Outcome& outcome) {
    Swept swept{};
    if (!outcome.changed)
        return swept;
    journal::tag_changed(table, outcome.ended);
    if (outcome.ended != TextId::none)
        swept = sweep::after_tag_change(table);
    table.tags.of(table.tag).peak.raise_to(table.live);
    return swept;
}

bool is_watched(const char* name) {
    if (explicit_variable == name)
        return true;
    for (std::string_view watched : the_settings().tag_from)
        if (watched == name)
            return true;
    return false;
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
    for (std::string_view phase : {" (setup)", " (call)", " (teardown)"})
        if (id.ends_with(phase))
            return {id.data(), id.size() - phase.size()};
    return id;
}

void reread(Table& table) {
    BlockedSignals blocked;
    struct Context {
        Table& table;
        Outcome outcome;
    } context{table, {}};
    Variables variables;
    environment::read(
        variables.names, variables.count,
        [](void* data, const char* const* values) {
            auto& c = *static_cast<Context*>(data);
            const char* test = nullptr;
            for (int i = 0; !test && i < the_settings().tag_from.size; i++)
                test = values[1 + i];
            c.outcome = take(c.table, values[0], test);
        },
        &context);
    follow(table, context.outcome);
}

Swept set_from_outside(Table& table, std::string_view name) {
    TextId next = table.texts.intern(name);
    Outcome outcome{};
    {
        Lock::Guard guard(source.lock);
        source.is_overruled = true;
        outcome = switch_to(table, next);
    }
    return follow(table, outcome);
}

void start(Table& table) {
    reread(table);
}

void environment_changed(const char* name) {
    Table* table = table::existing();
    if (table && (!name || is_watched(name)))
        reread(*table);
}

TextId test(Table& table) {
    if (source.has_test_id.load(std::memory_order_acquire))
        return source.test_id;
    Lock::Guard guard(source.lock);
    TextId id = table.texts.intern({source.test, source.test_length});
    source.test_id = id;
    source.has_test_id.store(true, std::memory_order_release);
    return id;
}

void forget() {
    source.lock.reset();
    source.explicit_tag = TextId::none;
    source.is_overruled = false;
    source.test_length = 0;
    source.has_test_id.store(false, std::memory_order_relaxed);
}

} // namespace pqsweep::tag
