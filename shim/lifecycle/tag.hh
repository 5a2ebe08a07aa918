// The tag: follows in the process's environment which test module is running, which fixture is being set up, and which
// fixture has ended.
//
//     variable                           its change means
//     PQSWEEP_TAG                        another tag, if its part that PQSWEEP_SCOPE names differs; none if it is unset
//     PQSWEEP_TEST, then the runners'    the same, while PQSWEEP_TAG is not set; one of these can give that test its phase
//     PQSWEEP_FIXTURE                    what is opened from now on belongs to that fixture
//     PQSWEEP_FIXTURE_END                what that fixture left open is swept
//     PQSWEEP_END                        the program ends (see ending.hh)
//
// A change sweeps what the old tag left open, before the call that changed the environment returns.
//
// Context: any thread, outside libpq. errno: kept. Locks: the tag's own, for a few instructions.
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

// The program has changed that variable (null: any), which is watched, through libc, and libc is done.
void environment_changed(const char* name, environment::Mutation& mutation);

// Reads the environment, and acts on what has changed.
void reread(Table& table, environment::Changed changed);
// Does so before a libpq call that starts work, in case the program wrote to environ itself.
inline void look(Table& table) {
    if (!environment::as_last_read()) [[unlikely]]
        reread(table, environment::Changed::by_anybody);
}

// Sets the tag for `pqsweep tag` (empty: none). It holds until a variable above changes. Async-signal-safe; it does not read
// the environment.
Swept set_from_outside(Table& table, std::string_view name);

// The same for the fixture that is being set up (empty: none), and for a fixture that has ended.
void set_fixture_from_outside(Table& table, std::string_view name);
Swept end_fixture_from_outside(Table& table, std::string_view name);

// The id of the running test, if it has one: a TextId lives as long as the process, and most tests open no connection.
inline constexpr TextId not_interned{1}; // no text has this one
extern constinit Relaxed<TextId> latest_test;
TextId intern_test(Table& table);

// Returns the id of the running test, as its runner gave it.
inline TextId test(Table& table) {
    TextId id = latest_test;
    return id != not_interned ? id : intern_test(table);
}

// Returns the part of a test id (`dir/file::test (phase)`) that is the tag.
std::string_view scoped(std::string_view id, Scope scope);

// Returns whether a runner's adapter has said that the program ends.
bool is_over();
// Looks whether it has, in case the program wrote to environ itself. Unlike look(), leaves the tag alone while the program goes
// on: a connection that its owner is about to finish is not to be swept before.
void look_for_end(Table& table);

// Returns whether the body of a test of pytest's is running: neither its set-up nor its teardown, and so no fixture.
bool is_in_body(Table& table);

// Returns whether the runner has unset the variable that the current tag comes from: its last test is over.
bool has_run_out(const Table& table);

// Call in the child of a fork.
void forget();

} // namespace pqsweep::tag
