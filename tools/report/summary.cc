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
#include <functional>
#include <map>
#include <span>
#include <utility>

namespace pqsweep::tools {

namespace {

constexpr size_t most_lines = 14, most_entries = 5;

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
    uint64_t stragglers = all.swept.total(), revived = all.of(Fate::revived),
             open = all.of(Fate::open_at_exit);
    std::string at_exit = open ? fmt::format(", {} open at exit", open) : "";
    if (stragglers == 0)
        return connections + ", no stragglers" + at_exit;
    if (stragglers == revived)
        return fmt::format("{}, {}, revived when used again{}", connections, counted(stragglers, "straggler"),
                           at_exit);
    std::string text =
        fmt::format("{}, {}: {} abandoned", connections, counted(stragglers, "straggler"), all.abandoned());
    for (auto [number, word] : {std::pair(all.of(Fate::closed_late), "late"), std::pair(revived, "revived")})
        if (number)
            text += fmt::format(", {} {}", number, word);
    return text + at_exit;
}

// Empty if the sweeps made no difference.
std::string peaks(const TagCounts& all) {
    return all.peak == all.peak_without
               ? ""
               : fmt::format("at most {} open, without pqsweep {}", all.peak, all.peak_without);
}

// Returns the folder, with a slash behind it, that the files of all places are in; empty if there is none.
std::string common_folder(std::span<const Place> places) {
    std::optional<std::string> common;
    for (const Place& place : places)
        for (const Frame& frame : place.chain) {
            if (!common)
                common = frame.file;
            auto end = std::ranges::mismatch(*common, frame.file).in1;
            common->erase(end, common->end());
            common->erase(common->rfind('/') + 1);
        }
    return common.value_or("");
}

std::string_view without(std::string_view prefix, std::string_view name) {
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

// The lines of a summary, with so many entries of each list at most.
class Summary {
public:
    Summary(const History& history, std::optional<size_t> width, size_t most)
        : history_(history), room_(width ? std::max(*width, narrowest) - 1 : SIZE_MAX), most_(most) {}

    std::vector<std::string> lines(const std::vector<Place>& places, const std::string& journal,
                                   const std::vector<std::string>& remarks) {
        if (!places.empty())
            add_places(places, journal);
        for (const auto& lines : {long_waits(history_, most_), untagged(history_, most_, false)})
            for (const std::string& line : lines)
                say(line);
        add_inherited();
        add_rest(remarks);
        if (history_.total().opened > 0)
            add_totals(history_.total());
        return lines_;
    }

private:
    static constexpr size_t narrowest = 40;

    bool is_on_terminal() const { return room_ != SIZE_MAX; }
    // Adds a line of a list, which loses its middle if it is too wide.
    void list(size_t indent, std::string_view text) {
        lines_.push_back(std::string(indent, ' ') + shortened(printable(text), room_ - indent));
    }
    // Adds a text, which takes several lines if it is too wide.
    void say(std::string_view text) {
        for (std::string& line : wrapped(printable(text), room_))
            lines_.push_back(std::move(line));
    }
    void say_more(size_t all, const std::string& how) {
        if (all > most_)
            say(fmt::format("  +{} more: {}", all - most_, how));
    }

    void add_places(const std::vector<Place>& places, const std::string& journal) {
        std::span<const Place> worst(places.data(), std::min(places.size(), most_));
        folder_ = is_on_terminal() ? common_folder(worst) : "";
        bool has_lines = std::ranges::any_of(worst, [](const Place& place) { return !place.chain.empty(); });
        bool has_open =
            std::ranges::any_of(worst, [](const Place& p) { return p.fates.contains(Fate::open_at_exit); });
        say(fmt::format(
            "pqsweep: {}, by the {} {}that opened them:", has_lines || has_open ? "left open" : "stragglers",
            has_lines ? "line" : "test", folder_.empty() ? "" : "in " + folder_ + " "));
        for (const Place& place : worst)
            add_place(place);
        say_more(places.size(), journal.empty() ? verbose : "pqsweep report --html report.html " + journal);
        if (std::ranges::any_of(places, [](const Place& place) { return place.tags.size() > 1; }))
            list(2, by_tag(places));
        if (std::string hint = stacks_hint(history_); !hint.empty())
            say("  " + hint);
    }

    // If one line has no room for all, the names stand on lines of their own.
    void add_place(const Place& place) {
        std::string where(without(folder_, place.where));
        std::string own = place.chain.empty() ? "" : place.chain[0].file + "::";
        auto name = [&](std::string_view full) {
            return std::string(is_on_terminal() ? without(folder_, without(own, full)) : full);
        };
        std::string line = where + ": " + place.text(name);
        bool fits = width_of(line) <= room_ - 2,
             has_chain = place.chain.size() > 1 || !place.pool.file.empty();
        say("  " +
            (fits ? line
                  : fmt::format("{}: {}, {}", where, counted(place.count, "connection"), place.outcome())));
        if (has_chain)
            list(6, chain_of(place));
        if (!fits && !has_chain && place.opener() != place.where)
            list(6, name(place.opener()));
        if (!fits && !place.users.empty())
            list(6, "last used by " + place.user(name));
    }

    // Leaves out folders if there is no room for them.
    std::string chain_of(Place place) const {
        auto shorten = [&](auto change) {
            for (Frame& frame : place.chain)
                change(frame.file);
            change(place.pool.file);
        };
        shorten([&](std::string& file) { file = without(folder_, file); });
        if (width_of(place.chain_text()) > room_ - 6)
            shorten([](std::string& file) { file.erase(0, file.rfind('/') + 1); });
        return place.chain_text();
    }

    // "by tag: test_a.py 4, test_b.py 2, +3 more"
    std::string by_tag(const std::vector<Place>& places) const {
        std::map<std::string_view, uint64_t> numbers;
        for (const Place& place : places)
            for (auto [tag, number] : place.tags)
                numbers[tag] += number;
        std::vector<std::pair<std::string_view, uint64_t>> worst(numbers.begin(), numbers.end());
        std::ranges::stable_sort(worst, std::greater(), &std::pair<std::string_view, uint64_t>::second);
        std::string line = "by tag:";
        size_t shown = 0;
        for (auto [tag, number] : worst) {
            constexpr size_t others = 12; // columns for the number of those that are left out
            std::string part =
                fmt::format("{} {} {}", shown ? "," : "", without(folder_, tag_text(tag)), number);
            if (shown == most_ || (shown && width_of(line + part) + others > room_ - 2))
                break;
            line += part;
            shown++;
        }
        return line + (shown < worst.size() ? fmt::format(", +{} more", worst.size() - shown) : "");
    }

    void add_inherited() {
        const std::vector<Inherited>& all = history_.inherited();
        if (!all.empty())
            say("pqsweep: connections inherited across a fork, by the line that opened them:");
        for (size_t i = 0; i < all.size() && i < most_; i++)
            list(2, tools::line_of(history_, all[i]));
        say_more(all.size(), verbose);
    }

    void add_rest(const std::vector<std::string>& remarks) {
        if (history_.untracked())
            say(fmt::format("pqsweep: {} more connections than pqsweep can track went unseen",
                            history_.untracked()));
        if (history_.without_exit())
            say(fmt::format("pqsweep: {} ended without an exit record: killed, or still running",
                            counted(history_.without_exit(), "process", "processes")));
        for (size_t i = 0; i < remarks.size() && i < most_; i++)
            say("pqsweep: " + remarks[i]);
        say_more(remarks.size(), verbose);
    }

    void add_totals(const TagCounts& all) {
        std::string first = "pqsweep: " + totals(all), second = peaks(all);
        if (!second.empty() && width_of(first) + width_of(second) + 2 <= room_)
            first += "; " + std::exchange(second, "");
        say(first);
        if (!second.empty())
            say("pqsweep: " + second);
    }

    static constexpr auto verbose = "--verbose lists them";

    const History& history_;
    size_t room_, most_;
    std::string folder_; // that the heading names, and no other line
    std::vector<std::string> lines_;
};

} // namespace

std::string as_summary(const Assessment& a, std::optional<size_t> width, const std::string& journal,
                       const std::vector<std::string>& remarks) {
    std::vector<Place> places = places_of(a.findings, Extent::stragglers);
    std::vector<std::string> lines;
    for (size_t most = most_entries; most > 0; most--) {
        lines = Summary(a.history, width, most).lines(places, journal, remarks);
        if (lines.size() <= most_lines)
            break;
    }
    return lines.empty() ? "" : fmt::format("{}\n", fmt::join(lines, "\n"));
}

} // namespace pqsweep::tools
