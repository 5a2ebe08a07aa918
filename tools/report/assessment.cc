#include "tools/report/report.hh"

namespace pqsweep::tools {

void Assessment::assess(const std::vector<std::string>& files, const std::string& run) {
    read_journals(files, run, history, problems);
    for (const Launch& launch : history.launches())
        if (!launch.root.empty())
            add_root(launch.root);
    findings = findings_of(history);
    gate.judge(history, findings);
}

} // namespace pqsweep::tools
