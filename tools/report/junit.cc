// Uses only what the schemas of Jenkins, GitLab and Surefire have in common.
#include "tools/report/long_waits.hh"
#include "tools/report/report.hh"
#include "tools/text/markup.hh"
#include "tools/text/utf8.hh"
#include "tools/verdict/places.hh"

#include <algorithm>
#include <ctime>
#include <fmt/core.h>
#include <map>

namespace pqsweep::tools {

namespace {

struct Case {
    std::vector<const Finding*> findings;
    std::map<Fate, uint64_t> failed;
    std::string too_many; // why too many were open, or nothing
    std::string waits;    // a line for each statement that waited long
    bool fails_on_waits = false;
    bool is_failure() const { return !failed.empty() || !too_many.empty() || fails_on_waits; }
    // Returns attributes: the test's line of the worst culprit whose file is known.
    std::string place() const {
        auto known = std::ranges::find_if(findings, [](const Finding* f) { return !f->file().empty(); });
        if (known == findings.end())
            return "";
        Frame own = tests_line(**known);
        std::string text = fmt::format(" file=\"{}\"", escaped(own.file));
        if (own.line)
            text += fmt::format(" line=\"{}\"", own.line);
        return text;
    }
    std::string message() const {
        std::string text = too_many;
        for (auto [fate, count] : failed)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, words_for(fate));
        if (fails_on_waits)
            text += text.empty() ? "waited long for a lock" : ", waited long for a lock";
        return text;
    }
};

std::string describe(const Finding& f) {
    std::string text = fmt::format("{}x {}: {}{}{}\n", f.count, f.opener(), f.doing(),
                                   f.state.empty() ? "" : ", ", f.outcome());
    for (const Frame& frame : parse_stack(f.stack, f.is_source))
        text += fmt::format("    {}\n", frame.text());
    if (!f.pool_frame.file.empty())
        text += fmt::format("    pool: {}\n", f.pool_frame.text());
    return text;
}

std::string case_xml(std::string_view tag, const Case& one) {
    std::string out = fmt::format("    <testcase classname=\"pqsweep\" name=\"{}\"{} time=\"0\">\n",
                                  escaped(tag_text(tag)), one.place());
    std::string failing, others;
    for (const Finding* f : one.findings)
        (f->standing == Standing::failed ? failing : others) += describe(*f);
    (one.fails_on_waits ? failing : others) += one.waits;
    if (one.is_failure())
        out += fmt::format("      <failure message=\"{}\" type=\"pqsweep\">{}</failure>\n",
                           escaped(one.message()), escaped(failing));
    if (!others.empty())
        out += fmt::format("      <system-out>{}</system-out>\n", escaped(others));
    return out + "    </testcase>\n";
}

// Returns when the first run began, in UTC: "2026-11-25T23:06:40".
std::string start_of(const History& history) {
    time_t seconds = history.runs().empty() ? 0 : history.runs()[0].start / 1'000'000;
    tm parts{};
    char text[32];
    gmtime_r(&seconds, &parts);
    return {text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts)};
}

} // namespace

std::string as_junit(const Assessment& a) {
    const History& history = a.history;
    std::map<std::string_view, Case> cases;
    for (Strings::Id tag = 0; tag < history.tags().size(); tag++)
        if (history.tags()[tag].opened > 0)
            cases[history.tag_names()[tag]];
    for (const Finding& f : a.findings) {
        if (f.fate == Fate::revived || f.standing == Standing::suppressed)
            continue;
        Case& one = cases[f.tag];
        one.findings.push_back(&f);
        if (f.standing == Standing::failed)
            one.failed[f.fate] += f.count;
    }
    for (const LongWait& w : history.waits()) {
        Case& one = cases[history.tag_names()[w.tag]];
        one.waits += sentence_of(history, w) + "\n";
        if (const std::string& line = history.texts()[w.holder_line]; !line.empty())
            one.waits += "    " + line + "\n";
        one.fails_on_waits = a.gate.fails_on_waits();
    }
    for (Strings::Id tag : a.gate.too_many())
        cases[history.tag_names()[tag]].too_many =
            fmt::format("{} open at once (--max-open {})", history.tags()[tag].peak, a.gate.max_open());
    auto failures =
        std::count_if(cases.begin(), cases.end(), [](auto& entry) { return entry.second.is_failure(); });
    std::string numbers =
        fmt::format("name=\"pqsweep\" tests=\"{}\" failures=\"{}\" errors=\"0\"", cases.size(), failures);
    std::string out = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0} time=\"0\">\n"
                                  "  <testsuite {0} skipped=\"0\" timestamp=\"{1}\" time=\"0\">\n",
                                  numbers, start_of(history));
    for (const auto& [tag, one] : cases)
        out += case_xml(tag, one);
    return out + "  </testsuite>\n</testsuites>\n";
}

} // namespace pqsweep::tools
