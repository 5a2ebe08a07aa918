#include "tools/report/chart.hh"
#include "tools/report/long_waits.hh"
#include "tools/report/report.hh"
#include "tools/text/markup.hh"

#include <fmt/chrono.h>

namespace pqsweep::tools {

namespace {

constexpr size_t most_charts = 12;
constexpr size_t most_culprits = 1000;

constexpr std::string_view page_start = R"(<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pqsweep report</title>
<style>
:root { color-scheme: light dark; --text: #1c2024; --faint: #687076; --back: #fff; --line: #d7dbdf; --bad: #c62a2f; --other: #9ba1a6 }
@media (prefers-color-scheme: dark) {
  :root { --text: #ecedee; --faint: #9ba1a6; --back: #151718; --line: #3a3f42; --bad: #ff6369; --other: #697177 }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 1000px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
svg { width: 100%; height: auto; font-size: 11px }
svg text { fill: var(--faint) } .end { text-anchor: end } .middle { text-anchor: middle }
.grid { stroke: var(--line); fill: none } .without { stroke: var(--text); fill: none; stroke-width: 1.3; stroke-dasharray: 4 3 }
.sweep { fill: var(--bad) } .hover { fill: var(--text); fill-opacity: 0 } .hover:hover { fill-opacity: .08 }
.c0 { fill: #4c78a8; background: #4c78a8 } .c1 { fill: #f58518; background: #f58518 } .c2 { fill: #54a24b; background: #54a24b }
.c3 { fill: #b279a2; background: #b279a2 } .c4 { fill: #eeca3b; background: #eeca3b } .c5 { fill: #72b7b2; background: #72b7b2 }
.c6 { fill: #e45756; background: #e45756 } .c7 { fill: #9d755d; background: #9d755d } .c8 { fill: #ff9da6; background: #ff9da6 }
.c9 { fill: var(--other); background: var(--other) }
.legend { display: flex; flex-wrap: wrap; gap: .2em 1.2em; padding: 0; list-style: none; font-size: .9em }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .9em; font-variant-numeric: tabular-nums }
th { text-align: left; position: sticky; top: 0; background: var(--back) } th, td { padding: .25em .5em; border-bottom: 1px solid var(--line); vertical-align: top }
td.n, th.n { text-align: right } .failed { color: var(--bad) } td { overflow-wrap: anywhere } th { white-space: nowrap } td:nth-child(3), td:nth-child(4) { min-width: 7em } .faint { color: var(--faint) }
</style>
)";

std::string chart_of(const History& history, const Run& run, const Colours& colours) {
    std::time_t start = run.start / 1'000'000;
    return fmt::format("<h2>{} <span class=\"faint\">{:%Y-%m-%d %H:%M:%S} UTC, at most {} open; without "
                       "pqsweep {}</span></h2>\n{}",
                       escaped(run.name.empty() ? "connections" : run.name), fmt::gmtime(start), run.peak,
                       run.peak_without, chart(history, run, colours));
}

std::string legend(const History& history, const Colours& colours) {
    std::string out = "<ul class=\"legend\">\n";
    for (Strings::Id tag : colours.tags())
        out += fmt::format("<li><i class=\"c{}\"></i>{}</li>\n", colours.of(tag),
                           escaped(tag_text(history.tag_names()[tag])));
    return out + fmt::format("<li><i class=\"c{}\"></i>all other tags</li>\n"
                             "<li>- - - without pqsweep</li>\n<li><span class=\"failed\">&#9650;</span> "
                             "sweeps</li>\n</ul>\n",
                             Colours::most);
}

std::string culprit_row(const Finding& f) {
    return fmt::format(
        "<tr><td class=\"n\">{}</td><td>{}{}</td><td>{}</td><td{}>{}</td><td class=\"n\">{}</td></tr>\n",
        f.count, escaped(f.opener()),
        f.stack.empty() ? "" : "<br><code>" + escaped(f.frame.text()) + "</code>",
        escaped(words_for_state(f.state)), f.standing == Standing::failed ? " class=\"failed\"" : "",
        words_for(f.fate), f.outlived);
}

std::string culprits(const Assessment& a) {
    std::string rows;
    size_t listed = 0;
    for (const Finding& f : a.findings)
        if (f.standing != Standing::suppressed && listed++ < most_culprits)
            rows += culprit_row(f);
    if (rows.empty())
        return "<h2>Nothing was left open</h2>\n";
    if (listed > most_culprits)
        rows += fmt::format("<tr><td colspan=\"5\">and {} more</td></tr>\n", listed - most_culprits);
    return "<h2>Left open, by the test that opened it</h2>\n<div class=\"wide\"><table>\n<tr><th "
           "class=\"n\">count</th>"
           "<th>opened by</th><th>state</th><th>what became of it</th><th class=\"n\">tags "
           "outlived</th></tr>\n" +
           rows + "</table></div>\n";
}

std::string tag_row(const std::string& name, const TagCounts& t) {
    std::string row = "<tr><td>" + escaped(name) + "</td>";
    for (uint64_t value :
         {t.opened, t.closed, t.swept.idle, t.swept.transaction, t.swept.running, t.of(Fate::revived),
          t.of(Fate::closed_late), t.abandoned(), uint64_t(t.peak), uint64_t(t.peak_without)})
        row += fmt::format("<td class=\"n\">{}</td>", value);
    return row + "</tr>\n";
}

std::string tags(const History& history) {
    std::string out = "<h2>Tags</h2>\n<div class=\"wide\"><table>\n<tr><th>tag</th>";
    for (const char* heading : {"opened", "closed", "idle", "in transaction", "running", "revived",
                                "closed late", "abandoned", "peak", "without pqsweep"})
        out += fmt::format("<th class=\"n\">{}</th>", heading);
    out += "</tr>\n";
    for (Strings::Id tag = 0; tag < history.tags().size(); tag++)
        if (history.tags()[tag].opened > 0)
            out += tag_row(tag_text(history.tag_names()[tag]), history.tags()[tag]);
    return out + tag_row("all", history.total()) + "</table></div>\n";
}

std::string waits(const History& history) {
    if (history.waits().empty())
        return "";
    std::string out =
        "<h2>Waited long for a lock</h2>\n<div class=\"wide\"><table>\n<tr><th>waiter</th><th "
        "class=\"n\">seconds</th><th>lock</th><th>held by a connection opened by</th><th>last used "
        "by</th><th>ended by pqsweep</th></tr>\n";
    const Strings& texts = history.texts();
    for (const LongWait& w : history.waits())
        out += fmt::format(
            "<tr><td>{}</td><td class=\"n\">{:.0f}</td><td>{}</td><td>{}<br><code>{}</code></td><td>{}</td>"
            "<td>{}</td></tr>\n",
            escaped(waiter_of(history, w)), w.waited, escaped(texts[w.lock]), escaped(texts[w.holder]),
            escaped(texts[w.holder_line]), escaped(texts[w.holder_user]), w.is_ended ? "yes" : "no");
    return out + "</table></div>\n";
}

} // namespace

std::string as_html(const Assessment& a) {
    const History& history = a.history;
    TagCounts all = history.total();
    Colours colours(history);
    std::string out(page_start);
    out += fmt::format("<h1>pqsweep: {} connections, {} stragglers, {} abandoned</h1>\n", all.opened,
                       all.swept.total(), all.abandoned());
    for (const std::string& reason : a.gate.reasons())
        out += fmt::format("<p class=\"failed\">{}</p>\n", escaped(reason));
    size_t drawn = std::min(history.runs().size(), most_charts);
    for (size_t i = 0; i < drawn; i++)
        out += chart_of(history, history.runs()[i], colours);
    if (drawn < history.runs().size())
        out += fmt::format("<p>and {} more runs</p>\n", history.runs().size() - drawn);
    return out + legend(history, colours) + culprits(a) + waits(history) + tags(history) + "</html>\n";
}

} // namespace pqsweep::tools
