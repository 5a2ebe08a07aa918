// A page in one file: the verdict, the runs, their timelines, the places that left connections open, the waits and the tags.
#include "tools/report/chart.hh"
#include "tools/report/long_waits.hh"
#include "tools/report/page_assets.hh"
#include "tools/report/report.hh"
#include "tools/report/source_links.hh"
#include "tools/text/counts.hh"
#include "tools/text/markup.hh"
#include "tools/verdict/places.hh"

#include <fmt/chrono.h>

namespace pqsweep::tools {

namespace {

constexpr size_t most_charts = 12;
constexpr size_t most_places = 400;
constexpr size_t most_findings = 20; // of a place

// Lets a line break in a long name, but only behind one of its words, and not before a file's suffix. Short words stay together, since
// a page has thousands of names.
std::string breakable(std::string_view text) {
    constexpr size_t longest_suffix = 4, least_piece = 10;
    std::string out;
    size_t begin = 0;
    for (size_t i = 1; i + 1 < text.size(); i++) {
        std::string_view rest = text.substr(i + 1);
        size_t word = std::min(rest.find_first_of("/:._-,[]() "), rest.size());
        bool is_end = std::string_view("/_-,[").find(text[i]) != text.npos ||
                      (text[i] == ':' && text[i - 1] == ':') || (text[i] == '.' && word > longest_suffix);
        if (!is_end || word == 0 || i + 1 - begin < least_piece)
            continue;
        out += escaped(text.substr(begin, i + 1 - begin)) + "<wbr>";
        begin = i + 1;
    }
    return out + escaped(text.substr(begin));
}

class Page {
public:
    Page(const Assessment& assessment, const std::string& link_form)
        : a_(assessment), history_(assessment.history), links_(link_form, assessment.history) {}

    std::string draw() {
        std::string title = fmt::format("pqsweep: {}, {}", counted(history_.total().opened, "connection"),
                                        counted(history_.total().swept.total(), "straggler"));
        out_ = fmt::format(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
            "content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{}</style>\n"
            "<a class=\"skip\" href=\"#places\">Skip to what was left open</a>\n<main>\n",
            title, page_style);
        add_head();
        add_launches();
        add_places();
        add_charts();
        add_waits();
        add_tags();
        return out_ + fmt::format("</main>\n<script>{}</script>\n</html>\n", page_script);
    }

private:
    template<class... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    }

    void number(uint64_t value, std::string_view what, bool is_bad = false) {
        add("<li class=\"card{}\"><b>{}</b>{}</li>\n", is_bad && value ? " failed" : "", value, what);
    }

    void add_head() {
        TagCounts all = history_.total();
        add("<h1>{}</h1>\n",
            all.swept.total() ? "Connections left open by tests" : "No connection was left open");
        std::string verdict = a_.gate.verdict(0);
        if (!verdict.empty())
            add("<p class=\"verdict failed\">{}</p>\n", escaped(verdict));
        else if (a_.gate.exit_code())
            add("<p class=\"verdict\">gate passed</p>\n");
        add("<ul class=\"numbers\">\n");
        number(all.opened, "connections");
        number(all.swept.total(), "stragglers");
        number(all.abandoned(), "abandoned", true);
        number(all.of(Fate::revived), "revived");
        number(all.peak, "peak");
        number(all.peak_without, "without pqsweep");
        add("</ul>\n");
    }

    void fact(std::string_view name, const std::string& value) {
        if (!value.empty())
            add("<dt>{}</dt><dd>{}</dd>\n", name, value);
    }

    void add_launches() {
        for (const Launch& launch : history_.launches()) {
            add("<dl class=\"card facts\">\n");
            fact("command", "<code>" + breakable(launch.command) + "</code>");
            fact("folder", breakable(launch.folder));
            fact("host", escaped(launch.host));
            fact("revision", escaped(launch.revision));
            fact("versions", escaped(launch.versions));
            add("</dl>\n");
        }
    }

    void add_charts() {
        Colours colours(history_);
        add("<h2>Connections over time</h2>\n");
        size_t drawn = std::min(history_.runs().size(), most_charts);
        for (size_t i = 0; i < drawn; i++) {
            const Run& run = history_.runs()[i];
            std::time_t start = run.start / 1'000'000;
            add("<section class=\"card chart\">\n<h3>{} <span class=\"faint\">{:%Y-%m-%d %H:%M:%S} "
                "UTC</span></h3>\n{}",
                escaped(run.name.empty() ? "run" : run.name), fmt::gmtime(start),
                chart(history_, run, colours));
            add("</section>\n");
        }
        if (drawn < history_.runs().size())
            add("<p>and {} more runs</p>\n", history_.runs().size() - drawn);
        add("<ul class=\"legend\">\n");
        for (Strings::Id tag : colours.tags())
            add("<li><i class=\"c{}\"></i>{}</li>\n", colours.of(tag),
                breakable(tag_text(history_.tag_names()[tag])));
        if (history_.tags().size() > colours.tags().size() + 1)
            add("<li><i class=\"c{}\"></i>all other tags</li>\n", Colours::most);
        add("<li>- - - without pqsweep</li>\n<li><span class=\"sweep\" "
            "style=\"color:var(--bad)\">&#9650;</span> sweeps</li>\n</ul>\n");
    }

    std::string linked(const std::string& text, const std::string& file, int line) const {
        std::string address = links_.to(file, line);
        return address.empty() ? breakable(text)
                               : fmt::format("<a href=\"{}\">{}</a>", escaped(address), breakable(text));
    }

    void add_tools() {
        add("<div class=\"tools\" hidden>\n<input id=\"search\" type=\"search\" placeholder=\"Search places, "
            "tests and tags ( / )\" "
            "aria-label=\"Search places, tests and tags\">\n<label>show <select id=\"only\"><option "
            "value=\"\">all</option>");
        for (std::string_view kind : {"failed", "abandoned", "transaction", "idle", "exit", "revived"})
            add("<option value=\"{}\">{}</option>", kind,
                kind == "failed"        ? "what fails the gate"
                : kind == "exit"        ? "open at exit"
                : kind == "transaction" ? "in transaction"
                                        : kind);
        add("</select></label>\n<label>sort <select id=\"order\"><option value=\"worst\">worst "
            "first</option><option value=\"most\">most first</option>"
            "<option value=\"name\">by place</option></select></label>\n<span id=\"said\" class=\"faint\" "
            "role=\"status\"></span>\n</div>\n");
    }

    void add_places() {
        std::vector<Place> places = places_of(a_.findings, Extent::everything);
        if (places.empty())
            return;
        add("<h2>Left open, by the line that opened them</h2>\n");
        add_tools();
        add("<div id=\"places\">\n");
        for (size_t i = 0; i < places.size() && i < most_places; i++)
            add_place(places[i]);
        add("</div>\n");
        if (places.size() > most_places)
            add("<p>and {} more places</p>\n", places.size() - most_places);
    }

    static std::string kinds_of(const Place& place) {
        std::string kinds = place.fails ? "failed" : "";
        for (const auto& [fate, count] : place.fates)
            kinds += fate == Fate::open_at_exit ? " exit"
                     : fate == Fate::revived    ? " revived"
                     : is_straggler(fate)       ? " abandoned"
                                                : "";
        for (const auto& [state, count] : place.states)
            kinds += state == "idle"                               ? " idle"
                     : state == "transaction" || state == "failed" ? " transaction"
                                                                   : "";
        return kinds;
    }

    void add_place(const Place& place) {
        bool is_left = place.fates.contains(Fate::left_open) || place.fates.contains(Fate::closed_late);
        std::string_view standing = place.fails ? " failed" : is_left ? " left" : "";
        add("<details class=\"place{}\" data-is=\"{}\"><summary><b>{}</b><span><span class=\"where "
            "mono\">{}</span><br>",
            standing, kinds_of(place), place.count, breakable(place.where));
        add("<span class=\"pill\">{}</span>", escaped(place.outcome()));
        if (place.opener() != place.where)
            add(" <span class=\"faint\">opened by {}</span>", breakable(place.opener()));
        add("</span></summary><div class=\"inside\">\n");
        add_chain(place);
        add_findings(place);
        add("</div></details>\n");
    }

    void add_chain(const Place& place) {
        std::vector<Frame> frames = parse_stack(place.findings[0]->stack, place.findings[0]->is_source);
        if (frames.empty())
            return;
        add("<ol class=\"chain mono\">");
        for (const Frame& frame : frames)
            add("<li>{}</li>", line_of(frame));
        add("</ol>\n");
        if (!place.pool.file.empty())
            add("<p class=\"mono\"><span class=\"faint\">pool made at</span> {}</p>\n", line_of(place.pool));
    }

    std::string line_of(const Frame& frame) const {
        std::string where = frame.line ? fmt::format("{}:{}", frame.file, frame.line) : frame.file;
        return linked(where, frame.file, frame.line) + " " + breakable(frame.function);
    }

    void add_findings(const Place& place) {
        add("<ul>");
        for (size_t i = 0; i < place.findings.size() && i < most_findings; i++) {
            const Finding& f = *place.findings[i];
            std::string doing(f.doing());
            add("<li>{}{}: {}{}{}", f.count > 1 ? fmt::format("{} of ", f.count) : "", breakable(f.opener()),
                doing, doing.empty() ? "" : ", ", f.outcome());
            if (f.outlived > 1)
                add("; outlived {} tags", f.outlived);
            if (!f.last_test.empty())
                add("; last used by {}", breakable(f.last_test));
            add("</li>\n");
        }
        if (place.findings.size() > most_findings)
            add("<li>and {} more</li>", place.findings.size() - most_findings);
        add("</ul>");
    }

    void add_waits() {
        if (history_.waits().empty())
            return;
        add("<h2>Waited long for a lock</h2>\n<div class=\"card wide\"><table>\n<thead><tr><th "
            "scope=\"col\">waiter<th scope=\"col\" class=\"n\">seconds"
            "<th scope=\"col\">lock<th scope=\"col\">held by a connection opened by<th scope=\"col\">last "
            "used by<th scope=\"col\">ended by pqsweep</tr></thead>\n");
        const Strings& texts = history_.texts();
        for (const LongWait& w : history_.waits()) {
            Frame frame = parse_line(texts[w.holder_line]);
            add("<tr><td>{}<td class=\"n\">{:.0f}<td>{}<td>{}<br><code>{}</code><td>{}<td>{}</tr>\n",
                breakable(waiter_of(history_, w)), w.waited, escaped(texts[w.lock]),
                breakable(texts[w.holder]), linked(frame.text(), frame.file, frame.line),
                breakable(texts[w.holder_user]), w.is_ended ? "yes" : "no");
        }
        add("</table></div>\n");
    }

    void add_tag(const std::string& name, const TagCounts& t, std::string_view kind) {
        add("<tr{}><th scope=\"row\">{}", kind, breakable(name));
        const uint64_t values[] = {t.opened,
                                   t.closed,
                                   t.swept.idle,
                                   t.swept.transaction,
                                   t.swept.running,
                                   t.of(Fate::revived),
                                   t.of(Fate::closed_late),
                                   t.abandoned(),
                                   t.peak,
                                   t.peak_without};
        constexpr size_t abandoned = 7;
        for (size_t i = 0; i < std::size(values); i++)
            if (values[i] == 0)
                add("<td>"); // the style shows the 0, or leaves the cell out of a card
            else
                add("<td{}>{}", i == abandoned ? " class=\"bad\"" : "", values[i]);
        add("</tr>\n");
    }

    void add_tags() {
        add("<h2 id=\"tags\">Tags</h2>\n<div class=\"card wide tags\" tabindex=\"0\" role=\"region\" "
            "aria-labelledby=\"tags\"><table class=\"cards numbers-of-tags\">\n"
            "<thead><tr><th scope=\"col\">tag");
        for (std::string_view heading : {"opened", "closed", "idle", "in transaction", "running", "revived",
                                         "closed late", "abandoned", "peak", "without pqsweep"})
            add("<th scope=\"col\" class=\"n\">{}", heading);
        add("</tr></thead>\n<tbody>\n");
        for (Strings::Id tag = 0; tag < history_.tags().size(); tag++)
            if (history_.tags()[tag].opened > 0)
                add_tag(tag_text(history_.tag_names()[tag]), history_.tags()[tag], "");
        add_tag("all", history_.total(), " class=\"all\"");
        add("</tbody></table></div>\n");
    }

    const Assessment& a_;
    const History& history_;
    SourceLinks links_;
    std::string out_;
};

} // namespace

std::string as_html(const Assessment& assessment, const std::string& link_form) {
    return Page(assessment, link_form).draw();
}

} // namespace pqsweep::tools
