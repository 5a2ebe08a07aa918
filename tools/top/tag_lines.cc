#include "tools/top/tag_lines.hh"

#include "tools/live/proc.hh"
#include "tools/text/columns.hh"

#include <algorithm>
#include <fmt/core.h>
#include <tuple>

namespace pqsweep::tools {

namespace {

// Returns whether the server is on this machine, by its socket or its name.
bool is_here(const std::string& host) {
    return host.empty() || host[0] == '/' || host[0] == '@' || host == "localhost" || host == "127.0.0.1" ||
           host == "::1";
}

void add(TagLine& line, const SeenConnection& c) {
    line.open.of(c.activity)++;
    int64_t memory = is_here(c.host) ? proc::backend_memory(c.backend) : -1;
    if (memory >= 0)
        line.memory = std::max<int64_t>(line.memory, 0) + memory;
}

void add_lines(std::vector<TagLine>& lines, const Process& process) {
    const Board& board = process.board();
    size_t first = lines.size();
    for (const SeenTag& tag : board.tags) {
        lines.emplace_back();
        lines.back().pid = process.pid();
        lines.back().tag = tag.name;
        lines.back().is_current = tag.name == board.tag;
        lines.back().opened = tag.opened;
        lines.back().swept = tag.swept.total();
    }
    for (const SeenConnection& c : board.connections) {
        auto line = std::find_if(lines.begin() + static_cast<long>(first), lines.end(),
                                 [&](const TagLine& l) { return l.tag == c.tag; });
        if (line != lines.end() && !c.is_swept)
            add(*line, c);
    }
}

bool goes_before(const TagLine& a, const TagLine& b, char key) {
    auto by = [&](auto key_a, auto key_b) {
        return std::tie(key_a, a.pid, a.tag) < std::tie(key_b, b.pid, b.tag);
    };
    switch (key) {
    case 'm':
        return by(-a.memory, -b.memory);
    case 's':
        return by(-int64_t{a.swept}, -int64_t{b.swept});
    case 't':
        return by(a.tag, b.tag);
    case 'p':
        return by(a.pid, b.pid);
    default:
        return by(-a.open.total(), -b.open.total());
    }
}

std::string memory_text(int64_t bytes) {
    return bytes < 0 ? "-" : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

} // namespace

std::vector<TagLine> tag_lines(const std::vector<Process>& processes) {
    std::vector<TagLine> lines;
    for (const Process& process : processes)
        add_lines(lines, process);
    return lines;
}

void sort_by(char key, std::vector<TagLine>& lines) {
    std::sort(lines.begin(), lines.end(),
              [&](const TagLine& a, const TagLine& b) { return goes_before(a, b, key); });
}

std::vector<std::string> text_of(const std::vector<TagLine>& lines, std::optional<size_t> width) {
    std::vector<Row> rows;
    for (const TagLine& l : lines)
        rows.push_back({std::to_string(l.pid), std::to_string(l.open.total()), std::to_string(l.open.idle),
                        std::to_string(l.open.transaction), std::to_string(l.open.running),
                        memory_text(l.memory), std::to_string(l.opened), std::to_string(l.swept),
                        l.is_current ? "*" : "", l.tag.empty() ? "-" : l.tag});
    return table_lines({{"pid", Cells::numbers},
                        {"open", Cells::numbers},
                        {"idle", Cells::numbers},
                        {"in tx", Cells::numbers},
                        {"run", Cells::numbers},
                        {"memory", Cells::numbers},
                        {"opened", Cells::numbers},
                        {"swept", Cells::numbers},
                        {""},
                        {"tag", Cells::ends}},
                       rows, width);
}

std::string totals_of(const std::vector<TagLine>& lines) {
    int open = 0;
    int64_t memory = -1;
    for (const TagLine& l : lines) {
        open += l.open.total();
        if (l.memory >= 0)
            memory = std::max<int64_t>(memory, 0) + l.memory;
    }
    return fmt::format("{} open, backends' memory {}", open, memory_text(memory));
}

} // namespace pqsweep::tools
