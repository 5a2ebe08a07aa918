// The runners' adapters: small scripts that report to the shim which test a test runner runs, and which fixture it sets up.
#pragma once

namespace pqsweep::tools {

// Puts into this process's environment what makes test runners below it load their adapters. The user's own values stay in
// force. A door that can't be used is left shut: that runner runs as without an adapter.
void bring_adapters();

} // namespace pqsweep::tools
