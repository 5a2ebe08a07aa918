#include "tools/report/summary.hh"

#include "tools/journal/symbols.hh"
#include "tools/report/long_waits.hh"
#include "tools/report/untagged.hh"
#include "tools/text/counts.hh"
#include "tools/text/utf8.hh"
#include "tools/verdict/places.hh"

#include <algorithm>
#include <cstdlib>
#include <fmt/ranges.h>

namespace pqsweep::tools {

namespace {

constexpr size_t most_places = 5;

// "jobs.py:8 connect: 2 connections, used and finished by a child process"
std::string line_of(const History& history, const Inherited& i) {
    std::string where = first_frame(history.texts()[i.stack], i.is_source).text();
    if (where.empty())
        where = opener_of(history.tag_names()[i.tag], history.texts()[i.test]);
    return fmt::format("{}: {}, {} by a child process", where, counted(i.count, "connection"),
                       history.texts()[i.did]);
}

// Returns a line if the call stack would name the lines of a program, and nobody has said whether to note it.
std::string stacks_hint(const History& history) {
    const auto& programs = history.unlocated_programs();
    auto program =
        getenv("PQSWEEP_STACKS") ? programs.end() : std::ranges::find_if(programs, has_debug_information);
    return program == programs.end() ? ""
                                     : fmt::format("--stacks names the lines where {} opened them",
                                                   program->substr(program->rfind('/') + 1));
}

std::string totals(const TagCounts& all) {
    std::string connections = counted(all.opened, "connection");
    uint64_t stragglers = all.swept.total(), revived = all.of(Fate::revived);
    if (stragglers == 0)
        return connections + ", no stragglers";
    if (stragglers == revived)
        return fmt::format("{}, {}, revived when used again", connections, counted(stragglers, "straggler"));
    std::string text =
        fmt::format("{}, {}: {} abandoned", connections, counted(stragglers, "straggler"), all.abandoned());
    for (auto [number, word] : {std::pair(all.of(Fate::closed_late), "late"), std::pair(revived, "revived"),
                                std::pair(all.of(Fate::open_at_exit), "open at exit")})
        if (number)
            text += fmt::format(", {} {}", number, word);
    return text + fmt::format("; at most {} open, without pqsweep {}", all.peak, all.peak_without);
}

} // namespace

std::string as_summary(const Assessment& a, std::optional<size_t> width, const std::string& journal) {
    const History& history = a.history;
    std::string out;
    auto add = [&](size_t indent, std::string_view text) {
        std::string line = printable(text);
        out += std::string(indent, ' ') +
               (width ? shortened(line, *width - std::min(*width, indent + 1)) : line) + "\n";
    };
    std::vector<Place> places = places_of(a.findings, Extent::stragglers);
    if (!places.empty())
        out += "pqsweep: left open, by the line that opened them:\n";
    for (size_t i = 0; i < places.size() && i < most_places; i++) {
        add(2, places[i].where + ": " + places[i].text());
        if (places[i].chain.find(" < ") != std::string::npos)
            add(6, places[i].chain);
    }
    if (places.size() > most_places)
        add(2, fmt::format("+{} more: {}", places.size() - most_places,
                           journal.empty() ? "--verbose lists them"
                                           : "pqsweep report --html report.html " + journal));
    if (std::string hint = stacks_hint(history); !hint.empty() && !places.empty())
        add(2, hint);
    for (const auto& lines : {long_waits(history, most_places), untagged(history, most_places, false)})
        for (const std::string& line : lines)
            add(0, line);
    if (!history.inherited().empty())
        add(0, "pqsweep: connections inherited across a fork, by the line that opened them:");
    for (size_t i = 0; i < history.inherited().size() && i < most_places; i++)
        add(2, line_of(history, history.inherited()[i]));
    if (history.inherited().size() > most_places)
        add(2, fmt::format("+{} more: --verbose lists them", history.inherited().size() - most_places));
    if (history.untracked())
        add(0, fmt::format("pqsweep: {} more connections than pqsweep can track went unseen",
                           history.untracked()));
    if (history.without_exit())
        add(0, fmt::format("pqsweep: {} ended without an exit record: killed, or still running",
                           counted(history.without_exit(), "process", "processes")));
    if (uint64_t opened = history.total().opened; opened > 0)
        add(0, "pqsweep: " + totals(history.total()));
    return out;
}

} // namespace pqsweep::tools
