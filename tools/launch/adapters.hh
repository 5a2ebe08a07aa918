// The runners' adapters: small scripts that report to the shim which test a test runner runs, and which fixture it sets up.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace pqsweep::tools {

// Puts into this process's environment what makes test runners below it load their adapters. The user's own values stay in
// force. A door that can't be used is left shut: that runner runs as without an adapter.
void bring_adapters();

// Returns which runner of that command ran without its adapter, and what can have shut the adapter out; nothing if none did.
// `variables`: that the tags of the command's connections came from.
std::string adapter_left_out(const std::vector<std::string>& command,
                             const std::set<std::string, std::less<>>& variables);

} // namespace pqsweep::tools
