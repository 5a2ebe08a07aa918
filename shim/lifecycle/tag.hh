// The current tag: which test module is running, from the environment of the process. Also the fixture that is being set
// up, and the fixture that ended.
//
// A change sweeps what the old tag left open before the call that changed it returns. Thread-safe.
#pragma once

#include "shim/base/environment.hh"
#include "shim/base/settings.hh"
#include "shim/lifecycle/sweep.hh"
#include "shim/table/table.hh"

namespace pqsweep::tag {

// Reads the tag for the first time, into a fresh table.
void start(Table& table);

// Returns whether the tag or the fixtures depend on that variable.
bool is_watched(std::string_view name);

// After a change of that variable (null: any) through libc, if it is watched.
void environment_changed(const char* name);

// Before a libpq call that starts work.
void reread(Table& table, environment::Changed changed);
inline void look(Table& table) {
    if (!environment::as_last_read()) [[unlikely]]
        reread(table, environment::Changed::by_anybody);
}

// What `pqsweep tag` asks for: the tag is that name, as if PQSWEEP_TAG said so (empty: there is none), until the
// environment says something else than it says now. Async-signal-safe; reads no environment.
Swept set_from_outside(Table& table, std::string_view name);

// The same for the fixture that is being set up (empty: none is), and for one that has ended.
void set_fixture_from_outside(Table& table, std::string_view name);
Swept end_fixture_from_outside(Table& table, std::string_view name);

// The id of the running test, if it has one: most tests open no connection, and a TextId is for ever.
inline constexpr TextId not_interned{1}; // no text has this one
extern constinit Relaxed<TextId> latest_test;
TextId intern_test(Table& table);

// Returns the id of the running test, as its runner gave it.
inline TextId test(Table& table) {
    TextId id = latest_test;
    return id != not_interned ? id : intern_test(table);
}

// The part of a test id (`dir/file::test (phase)`) that is the tag.
std::string_view scoped(std::string_view id, Scope scope);

// In the child of a fork.
void forget();

} // namespace pqsweep::tag
