#include "tools/report/chart.hh"

#include "tools/text/markup.hh"
#include "tools/verdict/finding.hh"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <map>
#include <utility>

namespace pqsweep::tools {

namespace {

constexpr double left = 40, top = 14, width = 910, height = 220, whole_width = 960, whole_height = 274;
constexpr size_t most_named = 6;

using Span = Timeline::Span;

// Consecutive spans that are alike.
struct Stretch {
    size_t from, to;
    const Span* span;
};

bool alike(const Span& a, const Span& b) {
    auto same = [](const Timeline::Share& x, const Timeline::Share& y) {
        return x.tag == y.tag && x.connections == y.connections;
    };
    return a.live == b.live && a.without == b.without && !a.sweeps && !b.sweeps &&
           std::equal(a.shares.begin(), a.shares.end(), b.shares.begin(), b.shares.end(), same);
}

std::vector<Stretch> stretches_of(const std::vector<Span>& spans) {
    std::vector<Stretch> all;
    for (size_t i = 0; i < spans.size(); i++) {
        if (!all.empty() && alike(*all.back().span, spans[i]))
            all.back().to = i + 1;
        else
            all.push_back({i, i + 1, &spans[i]});
    }
    return all;
}

std::string time_text(double seconds) {
    if (seconds < 1)
        return fmt::format("{:.0f} ms", seconds * 1e3);
    if (seconds < 120)
        return fmt::format("{:.3g} s", seconds);
    return seconds < 7200 ? fmt::format("{:.3g} min", seconds / 60) : fmt::format("{:.3g} h", seconds / 3600);
}

// Returns the least round time that is at least `least`, in seconds.
double round_time(double least) {
    constexpr double minute = 60, hour = 3600;
    for (double step :
         {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0})
        if (step >= least)
            return step;
    for (double unit : {minute, hour})
        for (double step : {1, 2, 5, 10, 15, 30})
            if (step * unit >= least)
                return step * unit;
    return 24 * hour * std::ceil(least / (24 * hour));
}

// Returns the least of 1, 2, 5, 10, 20, ... that is at least `least`.
double round_step(double least) {
    for (double power = 1;; power *= 10)
        for (double digit : {1, 2, 5})
            if (digit * power >= least)
                return digit * power;
}

class Chart {
public:
    Chart(const History& history, const Run& run, const Colours& colours)
        : history_(history), run_(run), colours_(colours), stretches_(stretches_of(run.timeline.spans())) {
        for (const Stretch& s : stretches_) {
            most_live_ = std::max(most_live_, s.span->live);
            most_ = std::max({most_, s.span->live, s.span->without});
        }
    }

    std::string draw() {
        draw_options();
        out_ += fmt::format(
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"connections over time\"><svg "
            "viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"At most {} connections open at once, without "
            "pqsweep {}, in {}\" "
            "style=\"--zoom:{:.3f}\">\n<clipPath id=\"area{}\"><path d=\"M{} {}h{}v{}h-{}z\"/></clipPath>\n",
            whole_width, whole_height, run_.peak, run_.peak_without, time_text(seconds()), zoom(),
            &run_ - history_.runs().data(), left, top - 2, width, height + 3, width);
        draw_grid(most_, "whole");
        if (is_zoomable())
            draw_grid(most_live_, "zoomed");
        draw_times();
        out_ += fmt::format("<g clip-path=\"url(#area{})\"><g class=\"scale\">\n",
                            &run_ - history_.runs().data());
        draw_shares();
        draw_without();
        out_ += "</g></g>\n";
        draw_sweeps();
        draw_hover();
        return out_ + "</svg></div>\n";
    }

private:
    double x(size_t span) const {
        return left + width * static_cast<double>(span) / static_cast<double>(run_.timeline.spans().size());
    }
    double y(double connections) const { return top + height - height * connections / most_; }

    double seconds() const {
        return static_cast<double>(run_.timeline.span_length()) / 1e6 *
               static_cast<double>(run_.timeline.spans().size());
    }
    // What was open is magnified if what would have been open without sweeps makes it small.
    double zoom() const { return static_cast<double>(most_) / std::max(most_live_, 1u); }
    bool is_zoomable() const { return zoom() >= 2; }

    void draw_options() {
        constexpr size_t many = 60; // stretches that are too narrow to be pointed at
        if (!is_zoomable() && stretches_.size() < many)
            return;
        out_ += "<div class=\"options\">";
        if (is_zoomable())
            out_ += "<label><input type=\"checkbox\" class=\"zoom\">magnify what was open</label>";
        if (stretches_.size() >= many)
            out_ += "<label><input type=\"checkbox\" class=\"stretch\">four times as wide</label>";
        out_ += "</div>\n";
    }

    // `most`: the connections that the whole height stands for.
    void draw_grid(uint32_t most, std::string_view kind) {
        constexpr double wanted = 5;
        const double step = round_step(most / wanted);
        const int lines = static_cast<int>(most / step);
        out_ += fmt::format("<g class=\"{}\">", kind);
        for (int i = 0; i <= lines; i++) {
            const double value = i * step, at = top + height - height * value / most;
            out_ += fmt::format("<path class=\"grid\" d=\"M{} {:.1f}h{}\"/><text x=\"{}\" y=\"{:.1f}\" "
                                "class=\"end\">{}</text>\n",
                                left, at, width, left - 6, at + 4, value);
        }
        out_ += "</g>";
    }

    void draw_times() {
        constexpr double wanted = 8;
        const double step = round_time(seconds() / wanted);
        const int marks = static_cast<int>(seconds() / step);
        for (int i = 0; i <= marks; i++) {
            double at = left + width * i * step / seconds();
            bool is_at_end = at > left + width - 20;
            out_ += fmt::format("<path class=\"grid\" d=\"M{:.1f} {}v5\"/><text x=\"{:.1f}\" y=\"{}\" "
                                "class=\"{}\">{}</text>\n",
                                at, top + height, at, top + height + 32, is_at_end ? "end" : "middle",
                                i ? time_text(i * step) : "0");
        }
    }

    // Stacks the colours' areas. A colour has an outline for each time in which it is there, so that the page stays small.
    void draw_shares() {
        std::vector<double> below(stretches_.size());
        for (size_t colour = 0; colour <= Colours::most; colour++) {
            std::string outlines, up, down;
            for (size_t i = 0; i < stretches_.size(); i++) {
                const Stretch& s = stretches_[i];
                double sum = below[i];
                for (const auto& share : s.span->shares)
                    if (colours_.of(share.tag) == colour)
                        sum += share.connections;
                bool is_there = sum > below[i];
                if (is_there) {
                    up += fmt::format("{}{:.1f} {:.3f}H{:.1f}", up.empty() ? "M" : "L", x(s.from), y(sum),
                                      x(s.to));
                    down = fmt::format("L{:.1f} {:.3f}H{:.1f}", x(s.to), y(below[i]), x(s.from)) + down;
                    below[i] = sum;
                }
                bool ends = !up.empty() && (!is_there || i + 1 == stretches_.size());
                if (ends)
                    outlines += std::exchange(up, "") + std::exchange(down, "") + "z";
            }
            if (!outlines.empty())
                out_ += fmt::format("<path class=\"c{}\" d=\"{}\"/>\n", colour, outlines);
        }
    }

    void draw_without() {
        std::string line;
        for (const Stretch& s : stretches_)
            line += fmt::format("{}{:.1f} {:.1f}H{:.1f}", line.empty() ? "M" : "L", x(s.from),
                                y(s.span->without), x(s.to));
        out_ += fmt::format("<path class=\"without\" d=\"{}\"/>\n", line);
    }

    void draw_sweeps() {
        std::string marks;
        for (const Stretch& s : stretches_)
            if (s.span->sweeps)
                marks += fmt::format("M{:.1f} {}l4 8h-8z", (x(s.from) + x(s.to)) / 2, top + height + 4);
        if (!marks.empty())
            out_ += fmt::format("<path class=\"sweep\" d=\"{}\"/>\n", marks);
    }

    void draw_hover() {
        for (const Stretch& s : stretches_)
            out_ += fmt::format("<rect class=\"hover\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" "
                                "height=\"{}\"><title>{}</title></rect>\n",
                                x(s.from), top, x(s.to) - x(s.from), height + 14, escaped(describe(s)));
    }

    std::string describe(const Stretch& s) const {
        double seconds = static_cast<double>(run_.timeline.span_length()) * static_cast<double>(s.from) / 1e6;
        std::string text =
            fmt::format("{}: {} open, {} without pqsweep", time_text(seconds), s.span->live, s.span->without);
        if (s.span->sweeps)
            text += fmt::format("\n{} swept, of {}", s.span->sweeps, history_.tag_names()[s.span->swept]);
        auto shares = s.span->shares;
        std::sort(shares.begin(), shares.end(),
                  [](auto& a, auto& b) { return a.connections > b.connections; });
        for (size_t i = 0; i < shares.size() && i < most_named; i++)
            text +=
                fmt::format("\n{}x {}", shares[i].connections, tag_text(history_.tag_names()[shares[i].tag]));
        if (shares.size() > most_named)
            text += fmt::format("\nand {} more tags", shares.size() - most_named);
        return text;
    }

    const History& history_;
    const Run& run_;
    const Colours& colours_;
    std::vector<Stretch> stretches_;
    uint32_t most_ = 1, most_live_ = 0;
    std::string out_;
};

} // namespace

Colours::Colours(const History& history) {
    std::map<Strings::Id, double> areas;
    for (const Run& run : history.runs())
        for (const Span& span : run.timeline.spans())
            for (const auto& share : span.shares)
                areas[share.tag] +=
                    static_cast<double>(share.connections) * static_cast<double>(run.timeline.span_length());
    std::vector<std::pair<double, Strings::Id>> sorted;
    for (auto [tag, area] : areas)
        sorted.emplace_back(-area, tag);
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < sorted.size() && i < most; i++)
        tags_.push_back(sorted[i].second);
}

size_t Colours::of(Strings::Id tag) const {
    auto place = std::find(tags_.begin(), tags_.end(), tag);
    return place == tags_.end() ? most : static_cast<size_t>(place - tags_.begin());
}

std::string chart(const History& history, const Run& run, const Colours& colours) {
    return Chart(history, run, colours).draw();
}

} // namespace pqsweep::tools
