// Writes a code quality report, as GitLab reads it.
#include "shim/base/text.hh"
#include "tools/report/long_waits.hh"
#include "tools/report/report.hh"
#include "tools/verdict/places.hh"

#include <algorithm>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace pqsweep::tools {

namespace {

using Json = nlohmann::ordered_json;

Json entry(bool is_failure, std::string_view name, const std::string& what, const std::string& identity,
           const std::string& file, int line) {
    return {{"description", "pqsweep: " + what},
            {"check_name", name},
            {"fingerprint", fmt::format("{:08x}", fnv1a(identity))},
            {"severity", is_failure ? "major" : "minor"},
            {"location", {{"path", file}, {"lines", {{"begin", std::max(line, 1)}}}}}};
}

} // namespace

// GitLab refuses an entry without a path: what is known to be in no file is left out.
std::string as_gitlab(const Assessment& a) {
    Json all = Json::array();
    bool is_gated = a.gate.exit_code() != 0;
    for (const Place& place : places_of(a.findings, Extent::unclosed))
        if (!place.file.empty())
            all.push_back(entry(is_gated && place.fails, "connection left open",
                                (place.line ? "" : place.where + ": ") + place.text(), place.where,
                                place.file, place.line));
    for (const LongWait& w : a.history.waits())
        if (Frame frame = parse_line(a.history.texts()[w.holder_line]); frame.line)
            all.push_back(entry(is_gated && a.gate.fails_on_waits(), "long wait for a lock",
                                sentence_of(a.history, w), "wait " + frame.text(), frame.file, frame.line));
    return all.dump(2) + "\n";
}

} // namespace pqsweep::tools
