// PQSWEEP_SIGNAL: how `pqsweep tag` and `pqsweep sweep`, or a plain `kill`, reach a process, whatever it is doing.
//
// The handler does what the mailbox asks for; where that is empty, and the signal is no tool's that gave up, it sweeps
// the current tag. It acts in the thread that it interrupts, on a stack of its own, with all signals blocked, and
// reads no environment. All that it reaches is async-signal-safe.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep::sweep_signal {

// Installs the handler, unless the signal has one, or is ignored.
void install(Table& table);

// The program has changed what the signal does: notes on the board whose it is now.
void disposition_changed(int number);

} // namespace pqsweep::sweep_signal
