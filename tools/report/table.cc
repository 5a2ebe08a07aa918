#include "tools/report/long_waits.hh"
#include "tools/report/report.hh"
#include "tools/report/untagged.hh"
#include "tools/text/counts.hh"
#include "tools/text/utf8.hh"
#include "tools/verdict/places.hh"

#include <algorithm>
#include <fmt/ranges.h>

namespace pqsweep::tools {

namespace {

constexpr size_t narrowest = 60, narrowest_tag = 15;
constexpr size_t whole = SIZE_MAX; // the width of lines that are not cut

void add_head(std::string& out, const History& history) {
    TagCounts all = history.total();
    uint64_t tags = 0;
    for (size_t i = 1; i < history.tags().size(); i++)
        tags += history.tags()[i].opened > 0;
    out += fmt::format("pqsweep: {} swept {}\n", counted(all.swept.total(), "straggler"),
                       activities_text(all.swept));
    out += fmt::format("  {} opened under {} by {}, {} abandoned, {} open at exit\n",
                       counted(all.opened, "connection"), counted(tags, "tag"),
                       counted(history.processes(), "process", "processes"), all.abandoned(),
                       all.of(Fate::open_at_exit));
    out += fmt::format("  at most {} open at once; without pqsweep it would have been {}\n", all.peak,
                       all.peak_without);
    if (history.runs().size() > 1)
        out += fmt::format("  in {} runs, each counted by itself\n", history.runs().size());
    if (uint64_t revived = all.of(Fate::revived))
        out += fmt::format("  {} revived when they were used again, in {:.1f} ms\n", revived,
                           history.revival_time() * 1e3);
    if (uint64_t silent = history.without_exit())
        out += fmt::format("  {} ended without an exit record: killed, or still running\n",
                           counted(silent, "process", "processes"));
    if (history.untracked())
        out += fmt::format("  {} more connections than pqsweep can track went unseen\n", history.untracked());
}

// Columns of zeros are left out, so that more room is left for the tags.
struct Column {
    std::string_view heading, meaning; // empty: the heading says it
    uint64_t (*value)(const TagCounts&);
    bool is_needed;
};

constexpr Column columns[] = {
    {heading::opened, "", [](const TagCounts& t) { return t.opened; }, true},
    {heading::closed, "", [](const TagCounts& t) { return t.closed; }, true},
    {heading::idle, "", [](const TagCounts& t) { return t.swept.idle; }, false},
    {heading::transaction, "in a transaction", [](const TagCounts& t) { return t.swept.transaction; }, false},
    {heading::running, "running a statement", [](const TagCounts& t) { return t.swept.running; }, false},
    {heading::revived, "", [](const TagCounts& t) { return t.of(Fate::revived); }, false},
    {heading::late, "finished after the sweep", [](const TagCounts& t) { return t.of(Fate::closed_late); },
     false},
    {heading::abandoned, "", [](const TagCounts& t) { return t.abandoned(); }, false},
    {heading::peak, "", [](const TagCounts& t) { return uint64_t(t.peak); }, true},
    {heading::peak_without, "peak without pqsweep",
     [](const TagCounts& t) { return uint64_t(t.peak_without); }, true},
};

void add_tags(std::string& out, const History& history, bool everything, size_t line_width) {
    std::vector<Strings::Id> shown;
    size_t tag_width = narrowest_tag;
    for (Strings::Id tag = 0; tag < history.tags().size(); tag++) {
        const TagCounts& counts = history.tags()[tag];
        if (everything ? counts.opened == 0 : counts.swept.total() == 0)
            continue;
        shown.push_back(tag);
        tag_width = std::max(tag_width, width_of(tag_text(history.tag_names()[tag])));
    }
    if (shown.empty())
        return;
    std::vector<std::pair<const Column*, size_t>> used;
    size_t columns_width = 2;
    for (const Column& column : columns) {
        uint64_t most = 0;
        for (Strings::Id tag : shown)
            most = std::max(most, column.value(history.tags()[tag]));
        if (most == 0 && !column.is_needed)
            continue;
        used.emplace_back(&column, std::max(column.heading.size(), std::to_string(most).size()) + 1);
        columns_width += used.back().second;
    }
    tag_width =
        std::min(tag_width, std::max(line_width - std::min(columns_width, line_width), narrowest_tag));
    out += "  " + padded("tag", tag_width);
    for (auto [column, width] : used)
        out += fmt::format("{:>{}}", column->heading, width);
    out += "\n";
    for (Strings::Id tag : shown) {
        out += "  " + padded(shortened(printable(tag_text(history.tag_names()[tag])), tag_width), tag_width);
        for (auto [column, width] : used)
            out += fmt::format("{:>{}}", column->value(history.tags()[tag]), width);
        out += "\n";
    }
    std::vector<std::string> legend;
    for (auto [column, width] : used)
        if (!column->meaning.empty())
            legend.push_back(fmt::format("{}: {}", column->heading, column->meaning));
    for (const std::string& line : wrapped(fmt::format("  {}", fmt::join(legend, "; ")), line_width))
        out += line + "\n";
}

void add_finding(std::string& out, const Finding& f, size_t line_width) {
    std::string count = f.count > 1 ? fmt::format("{}x ", f.count) : "";
    out += "  " + count + shortened(printable(f.opener()), line_width - 2 - count.size()) + "\n";
    if (!f.stack.empty())
        out += "      " + shortened(printable(chain_text(f)), line_width - 6) + "\n";
    if (!f.last_test.empty())
        out += "      last used by " + shortened(printable(f.last_test), line_width - 19) + "\n";
    std::vector<std::string> known; // the most important first
    if (!f.state.empty()) {
        known.emplace_back(f.doing());
        known.push_back(fmt::format("{:.1f} s old", f.age));
    }
    if (f.outlived > 1)
        known.push_back(fmt::format("outlived {} tags", f.outlived));
    if (f.count == 1 && f.backend)
        known.push_back(fmt::format("backend {}", f.backend));
    if (!f.database.empty())
        known.push_back("database " + printable(f.database));
    std::string fate = f.outcome();
    std::string line = "      ";
    size_t room = line_width - line.size() - 2 - fate.size();
    std::string what;
    for (const std::string& part : known)
        if (width_of(what) + 2 + width_of(part) <= room)
            what += (what.empty() ? "" : ", ") + part;
    out += line + what + (what.empty() ? "" : ": ") + fate + "\n";
}

template<class Wanted>
void add_findings(std::string& out, const Assessment& a, std::string_view heading, size_t line_width,
                  Wanted is_wanted) {
    size_t listed = 0;
    for (const Finding& f : a.findings) {
        if (f.standing == Standing::suppressed || !is_wanted(f) || listed++ >= most_listed)
            continue;
        if (listed == 1)
            out += fmt::format("  {}, by the test that opened them:\n", heading);
        add_finding(out, f, line_width);
    }
    if (listed > most_listed)
        out += fmt::format("  ... and {} more\n", listed - most_listed);
}

void add_inherited(std::string& out, const History& history, size_t line_width) {
    if (history.inherited().empty())
        return;
    out += "  connections inherited across a fork, by the test that opened them:\n";
    for (const Inherited& i : history.inherited()) {
        std::string count = i.count > 1 ? fmt::format("{}x ", i.count) : "";
        std::string opener = opener_of(history.tag_names()[i.tag], history.texts()[i.test]);
        out += "  " + count + shortened(printable(opener), line_width - 2 - count.size()) + "\n";
        std::string place = first_frame(history.texts()[i.stack], i.is_source).text();
        if (!place.empty())
            out += "      " + shortened(printable(place), line_width - 6) + "\n";
        out += fmt::format("      {} in a child process, backend {}, database {}\n", history.texts()[i.did],
                           i.backend, printable(history.texts()[i.database]));
    }
}

} // namespace

std::string as_table(const Assessment& a, bool everything, std::optional<size_t> width) {
    if (a.history.processes() == 0)
        return "";
    size_t line_width =
        width ? std::max(*width, narrowest) - 1 : whole; // a full line makes some terminals wrap
    std::string out;
    add_head(out, a.history);
    add_tags(out, a.history, everything, line_width);
    add_findings(out, a, "stragglers", line_width,
                 [](const Finding& f) { return is_straggler(f.fate) && f.fate != Fate::revived; });
    add_findings(out, a, "open at exit", line_width, [&](const Finding& f) {
        return f.fate == Fate::open_at_exit && (everything || f.standing == Standing::failed);
    });
    add_inherited(out, a.history, line_width);
    for (const auto& lines :
         {long_waits(a.history, most_listed), untagged(a.history, most_listed, everything)})
        for (const std::string& line : lines)
            for (const std::string& part : wrapped(printable(line), line_width))
                out += part + "\n";
    return out;
}

} // namespace pqsweep::tools
