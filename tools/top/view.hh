// The view of `pqsweep top`: which lines are shown, which of them is selected, and what a key does.
#pragma once

#include "tools/top/tag_lines.hh"

namespace pqsweep::tools {

// Keys that are not characters.
namespace key {
constexpr int none = 0, up = -1, down = -2, page_up = -3, page_down = -4, home = -5, end = -6;
}

class View {
public:
    // Says what the caller does after a key.
    enum class Act : uint8_t { none, quit, sweep };

    explicit View(char sort) : sort_(sort) {}

    // Takes what the processes have now. The selection stays on its tag in its process, if they are still there.
    void update(std::vector<TagLine> all);

    // `page`: how many lines fit the screen.
    Act press(int pressed, size_t page);

    // The process to sweep, after Act::sweep.
    pid_t target() const { return target_; }
    // Shows a message until the next key.
    void say(std::string message) { message_ = std::move(message); }

    const std::vector<TagLine>& lines() const { return lines_; } // that are shown, in their order
    size_t selected() const { return selected_; }
    bool shows_help() const { return shows_help_; }

    std::string title() const;
    std::string keys() const;
    // The question, or the message, or why no line is shown, or nothing.
    std::string last_line() const;

private:
    void arrange();
    void select(long row);

    char sort_;
    std::vector<TagLine> all_, lines_;
    size_t selected_ = 0;
    bool shows_over_ = false, shows_help_ = false, is_asking_ = false;
    pid_t target_ = 0; // the process that the question is about
    std::string message_;
};

// Returns lines for the screen that explain the keys.
std::vector<std::string> help_lines();

} // namespace pqsweep::tools
