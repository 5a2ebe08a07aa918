// pqsweep top shows the open connections of all processes under the shim, by tag, every second.
#include "tools/commands/asking.hh"
#include "tools/commands/command.hh"
#include "tools/commands/options.hh"
#include "tools/text/terminal.hh"
#include "tools/text/utf8.hh"
#include "tools/top/view.hh"

#include <algorithm>
#include <chrono>
#include <clocale>
#include <csignal>
#include <curses.h>
#include <fmt/core.h>
#include <langinfo.h>
#include <poll.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

using Clock = std::chrono::steady_clock;

struct Top {
    double interval = 1;
    int rounds = 0; // 0: for ever on a terminal, once for a file or a pipe
    std::string sort = "o";
};

void print(std::vector<TagLine> lines, char sort) {
    sort_by(sort, lines);
    fmt::print("pqsweep top: {}\n", totals_of(lines));
    for (const std::string& line : text_of(lines))
        fmt::print("{}\n", line);
}

int print_plainly(const Top& top) {
    bool is_any = false;
    for (int round = std::max(top.rounds, 1); round > 0; round--) {
        std::vector<Process> processes = find_processes({}, "top");
        is_any |= !processes.empty();
        if (!processes.empty())
            print(tag_lines(processes), top.sort[0]);
        if (fflush(stdout) != 0)
            return exit_done;
        if (round > 1)
            poll(nullptr, 0, static_cast<int>(top.interval * 1000));
    }
    return is_any ? exit_done : exit_nothing;
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
        keypad(stdscr, true);
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

    // Returns how many lines fit between the heading and the last line.
    static size_t page() { return static_cast<size_t>(std::max(getmaxy(stdscr) - heading_row - 2, 1)); }

    void show(const View& view) {
        erase();
        put(0, view.title(), A_NORMAL);
        put(1, view.keys(), A_DIM);
        if (view.shows_help())
            show_help();
        else
            show_table(view);
        put(getmaxy(stdscr) - 1, view.last_line(), A_BOLD);
        refresh();
    }

    // Returns key::none if none is pressed until then.
    static int key_until(Clock::time_point deadline) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        timeout(std::max(static_cast<int>(left), 0));
        switch (int pressed = getch()) {
        case KEY_UP:
            return key::up;
        case KEY_DOWN:
            return key::down;
        case KEY_PPAGE:
            return key::page_up;
        case KEY_NPAGE:
            return key::page_down;
        case KEY_HOME:
            return key::home;
        case KEY_END:
            return key::end;
        default:
            return pressed > 0 && pressed < KEY_MIN ? pressed : key::none;
        }
    }

private:
    static constexpr int heading_row = 3;

    static void show_help() {
        int row = heading_row;
        for (const std::string& line : help_lines())
            put(row++, line, A_NORMAL);
    }

    void show_table(const View& view) {
        const std::vector<TagLine>& lines = view.lines();
        size_t last_first = lines.size() - std::min(lines.size(), page());
        size_t least = view.selected() - std::min(view.selected(), page() - 1);
        first_ = std::clamp(first_, least, std::min(view.selected(), last_first));
        std::vector<std::string> text = text_of(lines, width());
        put(heading_row, text[0], A_UNDERLINE);
        for (size_t i = first_; i < std::min(lines.size(), first_ + page()); i++) {
            bool is_suspect = lines[i].open.transaction > 0 && !lines[i].is_current;
            attr_t look = is_suspect && has_color_ ? attr_t{COLOR_PAIR(1)} : attr_t{A_NORMAL};
            put(heading_row + 1 + static_cast<int>(i - first_), text[i + 1],
                i == view.selected() ? look | A_REVERSE : look);
        }
    }

    static size_t width() { return static_cast<size_t>(std::max(getmaxx(stdscr), 0)); }

    static void put(int row, const std::string& text, attr_t look) {
        if (row >= getmaxy(stdscr))
            return;
        attron(look);
        mvaddstr(row, 0, cut_to(text, width()).c_str());
        attroff(look);
    }

    bool has_color_;
    size_t first_ = 0; // the first line that fits the screen
};

// Returns what came of it, for the user.
std::string sweep(pid_t pid) {
    constexpr auto patience = std::chrono::seconds(1);
    for (const Process& process : find_processes(Complaints::kept))
        if (process.pid() == pid)
            return text_of(process, Request(process, Mailbox::Kind::sweep, "").wait(Clock::now() + patience));
    return fmt::format("{}: not done: it has ended", pid);
}

int show_live(const Top& top) {
    Screen screen;
    View view(top.sort[0]);
    auto interval = std::chrono::milliseconds(static_cast<int>(top.interval * 1000));
    for (int round = 0; top.rounds == 0 || round < top.rounds; round++) {
        view.update(tag_lines(find_processes(Complaints::kept)));
        auto next_look = Clock::now() + interval;
        do {
            screen.show(view);
            View::Act act = view.press(Screen::key_until(next_look), Screen::page());
            if (act == View::Act::quit)
                return exit_done;
            if (act == View::Act::sweep) {
                view.say(sweep(view.target()));
                next_look = Clock::now();
            }
        } while (Clock::now() < next_look);
    }
    return exit_done;
}

} // namespace

std::function<int()> declare_top(CLI::App& app, const std::vector<std::string>&) {
    app.footer("Each line is a tag in a process (* the current one) with its open connections. Memory is the "
               "backends' Pss, or their Rss if Pss can't be read, of servers on this machine. On a terminal, "
               "arrows and pages select a line, x sweeps its process after a question, a shows ended tags, "
               "too, and ? lists all keys. Elsewhere it prints once, or as often as --rounds says.\n"
               "Exit status: 0, or 1 if it printed and there was no process.");
    auto top = std::make_shared<Top>();
    app.add_option("--interval", top->interval, "seconds between two looks (1)")
        ->check(within(0.1, 3600.0))
        ->type_name("SECONDS");
    app.add_option("--rounds", top->rounds, "how many looks")->check(within(1, 1000000))->type_name("N");
    app.add_option("--sort", top->sort, "by open (o), memory (m), swept (s), tag (t) or pid (p)")
        ->check(CLI::IsMember({"o", "m", "s", "t", "p"}).description(""))
        ->type_name("KEY");
    return [top] {
        return isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) ? show_live(*top) : print_plainly(*top);
    };
}

} // namespace pqsweep::tools
