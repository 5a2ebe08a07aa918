#include "tests/support/terminal.hh"

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/ioctl.h>

namespace pqsweep::tests {

namespace {

// A terminal with few abilities, so that few escape sequences come.
constexpr auto source = "pqsweep-test|a terminal of a test,\n"
                        "\tclear=\\E[H\\E[2J, cup=\\E[%i%p1%d;%p2%dH, el=\\E[K, cr=\\r,\n"
                        "\trev=\\E[7m, smso=\\E[7m, rmso=\\E[m, sgr0=\\E[m,\n"
                        "\tkcuu1=\\E[A, kcud1=\\E[B, kpp=\\E[5~, knp=\\E[6~, khome=\\E[H, kend=\\E[F,\n";

// Makes the terminal that $0 names the controlling one of the command behind it.
constexpr auto on_terminal = R"(exec setsid -c "$@" <>"$0" >&0 2>&1)";

std::vector<std::string> joined(std::vector<std::string> head, const std::vector<std::string>& tail) {
    head.insert(head.end(), tail.begin(), tail.end());
    return head;
}

} // namespace

int Terminal::open_master(int rows, int columns) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    REQUIRE((master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0));
    winsize size{};
    size.ws_row = static_cast<unsigned short>(rows);
    size.ws_col = static_cast<unsigned short>(columns);
    REQUIRE(ioctl(master, TIOCSWINSZ, &size) == 0);
    return master;
}

Environment Terminal::with_terminal(Environment environment) const {
    write_text(description_.path / "source", source);
    Program compiler({"/usr/bin/tic", "-x", "-o", description_.path, description_.path / "source"}, {},
                     Program::Shim::absent);
    CHECK(compiler.finish() == 0);
    environment.insert({{"TERM", "pqsweep-test"}, {"TERMINFO", description_.path}});
    return environment;
}

Terminal::Terminal(const std::vector<std::string>& argv, Environment environment, int rows, int columns)
    : description_("terminal"), master_(open_master(rows, columns)), columns_(static_cast<size_t>(columns)),
      screen_(static_cast<size_t>(rows), std::string(columns_, ' ')),
      program_(joined({"/bin/sh", "-c", on_terminal, ptsname(master_)}, argv),
               with_terminal(std::move(environment)), Program::Shim::absent) {}

Terminal::~Terminal() {
    close(master_);
}

void Terminal::press(const std::string& keys) {
    CHECK(::write(master_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
}

void Terminal::resize(int rows, int columns) {
    columns_ = static_cast<size_t>(columns);
    screen_.assign(static_cast<size_t>(rows), std::string(columns_, ' '));
    winsize size{};
    size.ws_row = static_cast<unsigned short>(rows);
    size.ws_col = static_cast<unsigned short>(columns);
    CHECK(ioctl(master_, TIOCSWINSZ, &size) == 0);
}

bool Terminal::shows(const std::string& text) {
    return eventually([&] {
        return std::ranges::any_of(rows(), [&](const std::string& row) { return contains(row, text); });
    });
}

bool Terminal::selects(const std::string& text) {
    return eventually([&] { return contains(rows()[reverse_row_], text); });
}

std::vector<std::string> Terminal::rows() {
    read();
    std::vector<std::string> all = screen_;
    for (std::string& row : all)
        row.erase(row.find_last_not_of(' ') + 1);
    return all;
}

int Terminal::finish() {
    int status = program_.finish();
    read();
    return status;
}

void Terminal::read() {
    char bytes[4096];
    for (ssize_t n = 0; (n = ::read(master_, bytes, sizeof bytes)) > 0;)
        std::for_each(bytes, bytes + n, [&](char byte) { write(byte); });
}

void Terminal::write(char byte) {
    if (!sequence_.empty() || byte == '\033') {
        sequence_ += byte;
        if (sequence_.size() > 2 && byte >= '@') {
            obey(byte);
            sequence_.clear();
        }
    } else if (byte == '\r') {
        column_ = 0;
    } else if (byte == '\n') {
        row_ = std::min(row_ + 1, screen_.size() - 1);
    } else if (byte == '\b') {
        column_ = std::max<size_t>(column_, 1) - 1;
    } else {
        if (column_ == columns_) {
            row_ = std::min(row_ + 1, screen_.size() - 1);
            column_ = 0;
        }
        screen_[row_][column_++] = byte;
        reverse_row_ = is_reverse_ ? row_ : reverse_row_;
    }
}

void Terminal::obey(char command) {
    size_t row = 1, column = 1;
    switch (command) {
    case 'H':
        (void)!sscanf(sequence_.c_str(), "\033[%zu;%zuH", &row, &column);
        row_ = std::clamp<size_t>(row, 1, screen_.size()) - 1;
        column_ = std::clamp<size_t>(column, 1, columns_) - 1;
        break;
    case 'J':
        std::ranges::fill(screen_, std::string(columns_, ' '));
        break;
    case 'K':
        std::fill(screen_[row_].begin() + static_cast<long>(column_), screen_[row_].end(), ' ');
        break;
    case 'm':
        is_reverse_ = contains(sequence_, "7");
        break;
    default:
        FAIL("an escape sequence that this terminal does not have");
    }
}

} // namespace pqsweep::tests
