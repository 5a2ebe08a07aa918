#include "tools/report/report.hh"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace pqsweep::tools {

namespace {

using Json = nlohmann::ordered_json;

constexpr int version = 1;
constexpr std::string_view standings[] = {"passed", "failed", "known", "suppressed"};

Json counts_json(const TagCounts& counts) {
    Json json = {{"opened", counts.opened},
                 {"closed", counts.closed},
                 {"idle", counts.swept.idle},
                 {"transaction", counts.swept.transaction},
                 {"running", counts.swept.running}};
    for (Fate fate : all_fates)
        json[name_of(fate)] = counts.of(fate);
    json["abandoned"] = counts.abandoned();
    json["peak"] = counts.peak;
    json["peak_without"] = counts.peak_without;
    return json;
}

Json frame_json(const Frame& frame) {
    Json json = {{"file", frame.file}};
    if (frame.line)
        json["line"] = frame.line;
    if (!frame.function.empty())
        json["function"] = frame.function;
    return json;
}

Json finding_json(const Finding& f) {
    Json json = {{"tag", f.tag},
                 {"test", f.test},
                 {"last_used_by", f.last_test},
                 {"state", f.state},
                 {"fate", name_of(f.fate)},
                 {"standing", standings[static_cast<int>(f.standing)]},
                 {"count", f.count},
                 {"outlived", f.outlived},
                 {"age", f.age},
                 {"backend", f.backend},
                 {"database", f.database},
                 {"stack", Json::array()}};
    for (const Frame& frame : parse_stack(f.stack, f.is_source))
        json["stack"].push_back(frame_json(frame));
    if (!f.pool_frame.file.empty())
        json["pool"] = frame_json(f.pool_frame);
    return json;
}

Json inherited_json(const History& history, const Inherited& i) {
    Json json = {{"tag", history.tag_names()[i.tag]},
                 {"test", history.texts()[i.test]},
                 {"did", history.texts()[i.did]},
                 {"count", i.count},
                 {"backend", i.backend},
                 {"database", history.texts()[i.database]},
                 {"stack", Json::array()}};
    for (const Frame& frame : parse_stack(history.texts()[i.stack], i.is_source))
        json["stack"].push_back(frame_json(frame));
    return json;
}

Json wait_json(const History& history, const LongWait& w) {
    const Strings& texts = history.texts();
    return {{"tag", history.tag_names()[w.tag]},
            {"test", texts[w.test]},
            {"lock", texts[w.lock]},
            {"database", texts[w.database]},
            {"seconds", w.waited},
            {"holder", texts[w.holder]},
            {"holder_line", texts[w.holder_line]},
            {"holder_last_used_by", texts[w.holder_user]},
            {"ended", w.is_ended}};
}

} // namespace

std::string as_json(const Assessment& a) {
    const History& history = a.history;
    Json json = {{"version", version},
                 {"processes", history.processes()},
                 {"without_exit", history.without_exit()},
                 {"untracked", history.untracked()},
                 {"revival_seconds", history.revival_time()},
                 {"total", counts_json(history.total())}};
    for (const char* list : {"runs", "tags", "culprits", "inherited", "waits", "failures", "problems"})
        json[list] = Json::array();
    for (const Run& run : history.runs())
        json["runs"].push_back({{"name", run.name},
                                {"start", static_cast<double>(run.start) / 1e6},
                                {"peak", run.peak},
                                {"peak_without", run.peak_without}});
    for (Strings::Id tag = 0; tag < history.tags().size(); tag++) {
        if (history.tags()[tag].opened == 0)
            continue;
        Json entry = {{"tag", history.tag_names()[tag]}};
        entry.update(counts_json(history.tags()[tag]));
        json["tags"].push_back(std::move(entry));
    }
    for (const Finding& finding : a.findings)
        json["culprits"].push_back(finding_json(finding));
    for (const Inherited& inherited : history.inherited())
        json["inherited"].push_back(inherited_json(history, inherited));
    for (const LongWait& wait : history.waits())
        json["waits"].push_back(wait_json(history, wait));
    json["failures"] = a.gate.reasons();
    for (const Problem& problem : a.problems.listed())
        json["problems"].push_back({{"file", problem.file}, {"line", problem.line}, {"what", problem.what}});
    return json.dump(2) + "\n";
}

} // namespace pqsweep::tools
