#include "tools/report/untagged.hh"

#include "tools/journal/frame.hh"
#include "tools/text/counts.hh"
#include "tools/verdict/finding.hh"

#include <algorithm>
#include <fmt/core.h>
#include <map>

namespace pqsweep::tools {

namespace {

struct Place {
    std::string where;
    uint64_t count;
};

// Those that were open when the server had no slot left; all that were opened if it always had one.
std::vector<Place> places_of(const History& history) {
    std::map<std::string, uint64_t> counts; // several call stacks can end at one line
    for (const Untagged& u : history.untagged()) {
        std::string where = first_frame(history.texts()[u.stack], u.is_source).text();
        uint64_t count = history.slotless() ? u.open_without_slot : u.opened;
        if (count && (history.slotless() || !where.empty()))
            counts[where.empty() ? "somewhere" : where] += count;
    }
    std::vector<Place> places;
    for (const auto& [where, count] : counts)
        places.push_back({where, count});
    std::ranges::stable_sort(places, std::greater(), &Place::count);
    return places;
}

} // namespace

std::vector<std::string> untagged(const History& history, size_t most, bool always) {
    std::vector<std::string> lines;
    const std::optional<Slotless>& slotless = history.slotless();
    if (slotless)
        lines.push_back("pqsweep: the server had no slot left " +
                        (slotless->tag ? "for " + opener_of(history.tag_names()[slotless->tag],
                                                            history.texts()[slotless->test])
                                       : "before any tag was set"));
    std::vector<Place> places = places_of(history);
    if (places.empty() || !(slotless || always))
        return lines;
    lines.push_back(fmt::format("pqsweep: {} while no tag was set, and never closed by pqsweep:",
                                slotless ? "open then, opened" : "opened"));
    for (size_t i = 0; i < places.size() && i < most; i++)
        lines.push_back(fmt::format("  {}: {}", places[i].where, counted(places[i].count, "connection")));
    if (places.size() > most)
        lines.push_back(fmt::format("  +{} more places", places.size() - most));
    return lines;
}

} // namespace pqsweep::tools
