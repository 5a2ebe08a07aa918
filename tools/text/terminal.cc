#include "tools/text/terminal.hh"

#include <cstdlib>
#include <sys/ioctl.h>

namespace pqsweep::tools {

std::optional<size_t> terminal_width(int fd) {
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0)
        return std::nullopt;
    constexpr size_t usual = 80; // of a terminal that does not know its size
    return size.ws_col ? size.ws_col : usual;
}

bool has_colour(int fd) {
    const char* no_colour = getenv("NO_COLOR");
    return terminal_width(fd) && (!no_colour || !*no_colour);
}

} // namespace pqsweep::tools
