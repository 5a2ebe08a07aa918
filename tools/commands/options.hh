// The options that several commands have in common.
#pragma once

#include "tools/verdict/gate.hh"

#include <CLI/CLI.hpp>

namespace pqsweep::tools {

// Adds --json.
void add_json_option(CLI::App& app, bool& as_json);

// Checks that a number is in that range. Text that is no number passes: CLI11 refuses it.
CLI::Validator within(double least, double most);

constexpr auto gate_group = "Gate"; // of options, in --help

// Adds --max-open, --suppressions and --baseline.
void add_gate_options(CLI::App& app, GateOptions& options);

// "--colour: no such option; 'pqsweep run --help' lists them", with the option that was meant if one is like it.
std::string unknown_option(const CLI::App& app, const std::string& word);

} // namespace pqsweep::tools
