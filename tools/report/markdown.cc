#include "tools/report/long_waits.hh"
#include "tools/report/report.hh"
#include "tools/text/counts.hh"
#include "tools/verdict/places.hh"

#include <fmt/core.h>

namespace pqsweep::tools {

namespace {

constexpr size_t most_listed = 100; // GitHub cuts a summary at 1 MB

// Text in which Markdown and HTML see no signs of theirs.
std::string plain(std::string_view text) {
    std::string out;
    for (char byte : text) {
        if (std::string_view("|<>&`*_[]~\\").find(byte) != std::string_view::npos)
            out += '\\';
        out += static_cast<unsigned char>(byte) < ' ' ? '?' : byte;
    }
    return out;
}

std::string table(const std::vector<Place>& places) {
    std::string out = "| opened at | connections | opened by | what became of them |\n|---|---:|---|---|\n";
    for (size_t i = 0; i < places.size() && i < most_listed; i++)
        out += fmt::format("| {} | {} | {} | {} |\n",
                           plain(places[i].chain.empty() ? places[i].where : places[i].chain_text()),
                           places[i].count, plain(places[i].opener()), plain(places[i].outcome()));
    if (places.size() > most_listed)
        out += fmt::format("\n+{} more\n", places.size() - most_listed);
    return out;
}

} // namespace

std::string as_markdown(const Assessment& a) {
    TagCounts all = a.history.total();
    std::string out = fmt::format("### pqsweep: {}, {}, {} abandoned\n\n", counted(all.opened, "connection"),
                                  counted(all.swept.total(), "straggler"), all.abandoned());
    if (std::string verdict = a.gate.verdict(0); !verdict.empty())
        out += fmt::format("**{}**\n\n", plain(verdict));
    std::vector<Place> places = places_of(a.findings, Extent::unclosed);
    out += places.empty() ? "Nothing was left open.\n" : table(places);
    const std::vector<LongWait>& waits = a.history.waits();
    for (size_t i = 0; i < waits.size() && i < most_listed; i++)
        out += (i ? "- " : "\n- ") + plain(sentence_of(a.history, waits[i])) + "\n";
    return out;
}

} // namespace pqsweep::tools
