#include "tools/top/view.hh"

#include <algorithm>
#include <fmt/core.h>

namespace pqsweep::tools {

void View::update(std::vector<TagLine> all) {
    all_ = std::move(all);
    arrange();
}

void View::arrange() {
    TagLine before = selected_ < lines_.size() ? lines_[selected_] : TagLine();
    lines_ = all_;
    if (!shows_over_)
        std::erase_if(lines_, [](const TagLine& l) { return l.is_over(); });
    sort_by(sort_, lines_);
    auto same = std::ranges::find_if(
        lines_, [&](const TagLine& l) { return l.pid == before.pid && l.tag == before.tag; });
    select(same == lines_.end() ? static_cast<long>(selected_) : same - lines_.begin());
}

void View::select(long row) {
    auto last = std::max<long>(static_cast<long>(lines_.size()) - 1, 0);
    selected_ = static_cast<size_t>(std::clamp<long>(row, 0, last));
}

View::Act View::press(int pressed, size_t page) {
    if (pressed == key::none)
        return Act::none;
    bool was_asking = std::exchange(is_asking_, false), had_help = std::exchange(shows_help_, false);
    message_.clear();
    if (was_asking)
        return pressed == 'y' ? Act::sweep : Act::none;
    auto row = static_cast<long>(selected_), rows = static_cast<long>(page);
    switch (pressed) {
    case 'q':
        return had_help ? Act::none : Act::quit;
    case '?':
        shows_help_ = !had_help;
        break;
    case 'a':
        shows_over_ = !shows_over_;
        arrange();
        break;
    case 'x':
        is_asking_ = !lines_.empty();
        target_ = is_asking_ ? lines_[selected_].pid : 0;
        break;
    case key::up:
        select(row - 1);
        break;
    case key::down:
        select(row + 1);
        break;
    case key::page_up:
        select(row - rows);
        break;
    case key::page_down:
        select(row + rows);
        break;
    case key::home:
        select(0);
        break;
    case key::end:
        select(static_cast<long>(lines_.size()));
        break;
    default:
        if (std::ranges::any_of(sort_keys, [&](const auto& known) { return known.first == pressed; }))
            sort_ = static_cast<char>(pressed);
        arrange();
    }
    return Act::none;
}

std::string View::title() const {
    return "pqsweep top: " + totals_of(all_);
}

std::string View::keys() const {
    std::string sorts;
    for (const auto& [letter, name] : sort_keys)
        sorts += letter == sort_ ? fmt::format(" [{}]", name) : fmt::format(" {}", name);
    return fmt::format("sort:{}   a {} ended tags   x sweeps   ? helps   q quits", sorts,
                       shows_over_ ? "hides" : "shows");
}

std::string View::last_line() const {
    if (is_asking_)
        return fmt::format("Sweep process {}: its current tag and former ones? y, or any other key for no",
                           target_);
    if (!message_.empty() || !lines_.empty())
        return message_;
    return all_.empty() ? "no process of yours has connected under the shim"
                        : "nothing is open; a shows ended tags";
}

std::vector<std::string> help_lines() {
    return {
        "Each line is a tag in a process; * marks the process's current tag.",
        "A tag that has ended, and still has transactions open, is yellow.",
        "",
        "up, down, PageUp, PageDown, Home, End   select a line",
        "x   sweep the process of the selected line, after a question",
        "a   show, or hide, tags that have ended and have nothing open",
        "o, m, s, t, p   sort by open, memory, swept, tag, pid",
        "?   this help; any key leaves it",
        "q   quit",
    };
}

} // namespace pqsweep::tools
