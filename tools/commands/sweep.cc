// pqsweep sweep sweeps the current tag of running processes.
#include "tools/commands/asking.hh"
#include "tools/commands/command.hh"

namespace pqsweep::tools {

std::function<int()> declare_sweep(CLI::App& app, const std::vector<std::string>& rest) {
    app.footer("Sweeps what is open under the current tag, which goes on, and under former ones; "
               "PQSWEEP_KEEP holds, PQSWEEP_GRACE does not.\n"
               "Exit status: 0 if all have acted, else 1.");
    auto asking = std::make_shared<Asking>();
    add_asking_options(app, *asking);
    asking->rest = rest;
    return [asking] { return ask(*asking, Mailbox::Kind::sweep, ""); };
}

} // namespace pqsweep::tools
