// The options that several commands have in common.
#pragma once

#include "tools/verdict/gate.hh"

#include <CLI/CLI.hpp>

namespace pqsweep::tools {

// Adds --json.
void add_json_option(CLI::App& app, bool& as_json);

// Adds --max-open, --suppressions and --baseline.
void add_gate_options(CLI::App& app, GateOptions& options);

} // namespace pqsweep::tools
