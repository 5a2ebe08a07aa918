// A terminal of a test: a pseudo terminal with a program on it, and the text that a user would see there.
#pragma once

#include "tests/support/files.hh"
#include "tests/support/program.hh"

#include <string>
#include <vector>

namespace pqsweep::tests {

class Terminal {
public:
    Terminal(const std::vector<std::string>& argv, Environment environment, int rows, int columns);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void press(const std::string& keys);
    void resize(int rows, int columns);

    // Return whether the text is on the screen, or in the row that was last written in reverse, within ten seconds.
    bool shows(const std::string& text);
    bool selects(const std::string& text);
    // Returns the rows as they are now, without the spaces at their ends.
    std::vector<std::string> rows();

    // Returns the program's exit status, with all that it wrote on the screen.
    int finish();

private:
    static int open_master(int rows, int columns);
    Environment with_terminal(Environment environment) const;
    void read();
    void write(char byte);
    void obey(char command);

    Folder description_; // of this kind of terminal, as curses reads it
    int master_;
    size_t columns_;
    std::vector<std::string> screen_;
    size_t row_ = 0, column_ = 0, reverse_row_ = 0;
    bool is_reverse_ = false;
    std::string sequence_; // an escape sequence that has begun
    Program program_;
};

} // namespace pqsweep::tests
