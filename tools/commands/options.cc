#include "tools/commands/options.hh"

namespace pqsweep::tools {

void add_json_option(CLI::App& app, bool& as_json) {
    app.add_flag("--json", as_json, "print JSON");
}

void add_gate_options(CLI::App& app, GateOptions& options) {
    app.add_option("--max-open", options.max_open,
                   "fail if more connections than this were open at once under a tag");
    app.add_option(
        "--suppressions", options.suppressions,
        "put up with the culprits that this file names: lines of tag:GLOB, test:GLOB, function:GLOB");
    app.add_option("--baseline", options.baseline, "fail only for culprits that are not in this file");
}

} // namespace pqsweep::tools
