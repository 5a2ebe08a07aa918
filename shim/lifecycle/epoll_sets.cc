#include "shim/lifecycle/epoll_sets.hh"

#include "shim/base/sys.hh"
#include "shim/base/text.hh"

#include <cstring>

namespace pqsweep {

namespace {

constexpr std::string_view eventpoll = "anon_inode:[eventpoll]";

// Returns the number that follows `label` in the line; 0 if there is none.
uint64_t number_behind(const char* line, const char* label, unsigned base) {
    size_t found = std::string_view(line, strlen(line)).find(std::string_view(label, strlen(label)));
    if (found == std::string_view::npos)
        return 0;
    const char* place = line + found + strlen(label);
    while (*place == ' ')
        place++;
    uint64_t number = 0;
    for (;; place++) {
        char c = *place;
        unsigned digit = c >= '0' && c <= '9'   ? unsigned(c - '0')
                         : c >= 'a' && c <= 'f' ? unsigned(c - 'a' + 10)
                                                : base;
        if (digit >= base)
            return number;
        number = number * base + digit;
    }
}

} // namespace

EpollSets::EpollSets(int fd) : fd_(fd) {
    int directory = sys::openat(AT_FDCWD, "/proc/thread-self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    sys::each_entry(directory, [&](const char* name) {
        char target[eventpoll.size() + 1];
        ssize_t length = sys::readlinkat(directory, name, target, sizeof target);
        if (length == static_cast<ssize_t>(eventpoll.size()) &&
            memcmp(target, eventpoll.data(), eventpoll.size()) == 0)
            note_all_in(static_cast<int>(number_behind(name, "", 10)), name);
    });
    sys::close(directory);
}

void EpollSets::note_all_in(int set, const char* name) {
    char path[64];
    Text text(path, sizeof path - 1);
    text.raw("/proc/thread-self/fdinfo/").raw(name);
    path[text.size()] = 0;
    int info = sys::openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (info < 0)
        return;
    char lines[512]; // the kernel's are shorter than a hundred bytes
    size_t held = 0;
    for (ssize_t length = 0; (length = sys::read(info, lines + held, sizeof lines - 1 - held)) > 0;) {
        held += static_cast<size_t>(length);
        char* line = lines;
        while (auto* end = static_cast<char*>(memchr(line, '\n', held))) {
            *end = 0;
            note(set, line);
            held -= static_cast<size_t>(end + 1 - line);
            line = end + 1;
        }
        memmove(lines, line, held);
    }
    sys::close(info);
}

void EpollSets::note(int set, const char* line) {
    if (!starts_with(line, "tfd:") || number_behind(line, "tfd:", 10) != static_cast<uint64_t>(fd_) ||
        count_ == most)
        return;
    Registration& registration = registrations_[count_++];
    registration.set = set;
    registration.event.events = static_cast<uint32_t>(number_behind(line, "events:", 16));
    registration.event.data.u64 = number_behind(line, "data:", 16);
}

void EpollSets::watch_again() const {
    for (int i = 0; i < count_; i++)
        sys::epoll_add(registrations_[i].set, fd_, registrations_[i].event);
}

} // namespace pqsweep
