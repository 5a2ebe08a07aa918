// pqsweep top shows the open connections of all processes under the shim, by tag, every second.
#include "tools/commands/command.hh"
#include "tools/live/proc.hh"
#include "tools/live/processes.hh"
#include "tools/text/columns.hh"
#include "tools/text/terminal.hh"
#include "tools/text/utf8.hh"

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <curses.h>
#include <fmt/core.h>
#include <langinfo.h>
#include <poll.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

// A tag in a process.
struct Line {
    pid_t pid;
    std::string tag;
    bool is_current;
    ByActivity<int> open{};
    int64_t memory = -1; // of their backends, in bytes; -1: they are elsewhere
    uint32_t opened, swept;
};

constexpr std::pair<char, const char*> sort_keys[] = {
    {'o', "open"}, {'m', "memory"}, {'s', "swept"}, {'t', "tag"}, {'p', "pid"}};

struct Top {
    double interval = 1;
    int rounds = 0; // 0: for ever on a terminal, once for a file or a pipe
    char sort = 'o';
};

// Returns whether the server is on this machine, by its socket or its name.
bool is_here(const std::string& host) {
    return host.empty() || host[0] == '/' || host[0] == '@' || host == "localhost" || host == "127.0.0.1" ||
           host == "::1";
}

void add(Line& line, const SeenConnection& c) {
    line.open.of(c.activity)++;
    int64_t memory = is_here(c.host) ? proc::backend_memory(c.backend) : -1;
    if (memory >= 0)
        line.memory = std::max<int64_t>(line.memory, 0) + memory;
}

void add_lines(std::vector<Line>& lines, const Process& process) {
    const Board& board = process.board();
    size_t first = lines.size();
    for (const SeenTag& tag : board.tags)
        lines.push_back({.pid = process.pid(),
                         .tag = tag.name,
                         .is_current = tag.name == board.tag,
                         .opened = tag.opened,
                         .swept = tag.swept.total()});
    for (const SeenConnection& c : board.connections) {
        auto line = std::find_if(lines.begin() + static_cast<long>(first), lines.end(),
                                 [&](const Line& l) { return l.tag == c.tag; });
        if (line != lines.end() && !c.is_swept)
            add(*line, c);
    }
}

bool goes_before(const Line& a, const Line& b, char sort) {
    auto by = [&](auto key_a, auto key_b) {
        return std::tie(key_a, a.pid, a.tag) < std::tie(key_b, b.pid, b.tag);
    };
    switch (sort) {
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

std::vector<Line> look(char sort) {
    std::vector<Line> lines;
    for (const Process& process : find_processes())
        add_lines(lines, process);
    std::sort(lines.begin(), lines.end(),
              [&](const Line& a, const Line& b) { return goes_before(a, b, sort); });
    return lines;
}

std::string memory_text(int64_t bytes) {
    return bytes < 0 ? "-" : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::vector<std::string> text_of(const std::vector<Line>& lines) {
    std::vector<Row> rows;
    for (const Line& l : lines)
        rows.push_back({std::to_string(l.pid), std::to_string(l.open.total()), std::to_string(l.open.idle),
                        std::to_string(l.open.transaction), std::to_string(l.open.running),
                        memory_text(l.memory), std::to_string(l.opened), std::to_string(l.swept),
                        (l.is_current ? "*" : " ") + (l.tag.empty() ? "-" : l.tag)});
    return table_lines({{"pid", Cells::numbers},
                        {"open", Cells::numbers},
                        {"idle", Cells::numbers},
                        {"in tx", Cells::numbers},
                        {"run", Cells::numbers},
                        {"memory", Cells::numbers},
                        {"opened", Cells::numbers},
                        {"swept", Cells::numbers},
                        {" tag"}},
                       rows);
}

std::string summary(const std::vector<Line>& lines) {
    int open = 0;
    int64_t memory = -1;
    for (const Line& l : lines) {
        open += l.open.total();
        if (l.memory >= 0)
            memory = std::max<int64_t>(memory, 0) + l.memory;
    }
    return fmt::format("pqsweep top: {} open, backends' memory {}", open, memory_text(memory));
}

int print_plainly(const Top& top) {
    for (int round = std::max(top.rounds, 1); round > 0; round--) {
        auto lines = look(top.sort);
        fmt::print("{}\n", summary(lines));
        for (const std::string& line : text_of(lines))
            fmt::print("{}\n", line);
        if (fflush(stdout) != 0)
            return exit_done;
        if (round > 1)
            poll(nullptr, 0, static_cast<int>(top.interval * 1000));
    }
    return exit_done;
}

// Owns the terminal.
class Screen {
public:
    Screen() {
        setlocale(LC_CTYPE, "");
        if (std::string_view(nl_langinfo(CODESET)) != "UTF-8")
            setlocale(LC_CTYPE, "C"); // a static program can load no other character set
        initscr();
        cbreak();
        noecho();
        curs_set(0);
        has_color_ = has_colour(STDOUT_FILENO) && has_colors();
        if (has_color_) {
            start_color();
            use_default_colors();
            init_pair(1, COLOR_YELLOW, -1);
        }
    }
    ~Screen() { endwin(); }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    void show(const std::vector<Line>& lines, char sort) const {
        erase();
        put(0, summary(lines), A_NORMAL);
        std::string keys = "sort:";
        for (const auto& [key, name] : sort_keys)
            keys += key == sort ? fmt::format(" [{}]", name) : fmt::format(" {}", name);
        put(1, keys + "   q quits", A_DIM);
        std::vector<std::string> text = text_of(lines);
        for (size_t i = 0; i < text.size(); i++) {
            bool is_suspect = i > 0 && lines[i - 1].open.transaction > 0 && !lines[i - 1].is_current;
            attr_t look = i == 0                     ? attr_t{A_REVERSE}
                          : is_suspect && has_color_ ? COLOR_PAIR(1)
                                                     : attr_t{A_NORMAL};
            put(static_cast<int>(i) + 3, text[i], look);
        }
        refresh();
    }

private:
    static void put(int row, const std::string& text, attr_t look) {
        if (row >= getmaxy(stdscr))
            return;
        attron(look);
        mvaddstr(row, 0, cut_to(text, static_cast<size_t>(std::max(getmaxx(stdscr), 0))).c_str());
        attroff(look);
    }

    bool has_color_;
};

int show_live(Top top) {
    Screen screen;
    timeout(static_cast<int>(top.interval * 1000));
    for (int round = 0; top.rounds == 0 || round < top.rounds; round++) {
        screen.show(look(top.sort), top.sort);
        int key = getch();
        if (key == 'q')
            break;
        for (const auto& [letter, name] : sort_keys)
            if (key == letter)
                top.sort = letter;
    }
    return exit_done;
}

} // namespace

std::function<int()> declare_top(CLI::App& app, const std::vector<std::string>&) {
    app.footer("Each line is a tag in a process (* the current one) with its open connections. Memory is the "
               "backends' Pss,\n"
               "or their Rss where Pss may not be read, of servers on this machine. On a terminal: q quits, "
               "and o, m, s,\n"
               "t, p sort by open, memory, swept, tag, pid. Elsewhere it prints once, or as often as "
               "--rounds says.");
    auto top = std::make_shared<Top>();
    app.add_option("--interval", top->interval, "seconds between two looks (1)")
        ->check(CLI::Range(0.1, 3600.0));
    app.add_option("--rounds", top->rounds, "how many looks")->check(CLI::Range(1, 1000000));
    app.add_option("--sort", top->sort, "o, m, s, t or p")->check(CLI::IsMember({'o', 'm', 's', 't', 'p'}));
    return [top] {
        return isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) ? show_live(*top) : print_plainly(*top);
    };
}

} // namespace pqsweep::tools
