// Handles PQSWEEP_SIGNAL, by which `pqsweep tag`, `pqsweep sweep` or a plain `kill` reach a process at any time.
//
//   tool: writes its request into the mailbox ─▶ kill ─▶ handler: acts on the request ─▶ writes the result into the mailbox
//   kill without a request ────────────────────────────▶ handler: sweeps the current tag
//
// A tool that gave up withdraws its request. The tool's signal carries Mailbox::signal_value, and without a request such
// a signal does nothing when the process goes on.
//
// exec() drops the handler, and the signal would kill the new program. So a tool signals a process only if the board is
// mapped there, which /proc/PID/maps shows [outside].
//
// The handler acts in the thread that it interrupts, on a stack of its own [outside], with all signals blocked. It reads
// no environment, and all that it reaches is async-signal-safe.
#pragma once

#include "shim/table/table.hh"

#include <csignal>

namespace pqsweep::sweep_signal {

// Installs the handler, unless the signal is ignored or has a handler already.
// Context: the thread that makes the table. errno: can change.
void install(Table& table);

// Notes on the board whose handler the signal has, after the program changed that.
// Context: any thread, signal handler. errno: can change.
void disposition_changed(int number);

// Notes that the program itself waits for these signals, or reads them: from then on the tools send it none of them.
// Context: any thread, signal handler. errno: kept.
void program_takes(const sigset_t* set);

} // namespace pqsweep::sweep_signal
