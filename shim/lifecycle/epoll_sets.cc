#include "shim/lifecycle/epoll_sets.hh"

#include "shim/base/sys.hh"
#include "shim/base/text.hh"

#include <cstring>

namespace pqsweep {

namespace {

constexpr std::string_view eventpoll = "anon_inode:[eventpoll]", io_uring = "anon_inode:[io_uring]";

bool has(const char* line, const char* label) {
    return std::string_view(line, strlen(line)).find({label, strlen(label)}) != std::string_view::npos;
}

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

// Calls visit(line) for each line that the kernel says about a descriptor.
template<class Visit>
void each_line_about(int fd, Visit visit) {
    char path[64];
    Text text(path, sizeof path - 1);
    text.raw("/proc/thread-self/fdinfo/") << fd;
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
            visit(line);
            held -= static_cast<size_t>(end + 1 - line);
            line = end + 1;
        }
        memmove(lines, line, held);
    }
    sys::close(info);
}

// Returns whether polls are under way in an io_uring: if the kernel lists some, or lists none because the ring is busy.
bool polls(int ring) {
    constexpr const char* poll_add = "op=6,";
    bool lists = false, has_one = false;
    each_line_about(ring, [&](const char* line) {
        lists |= starts_with(line, "PollList:");
        has_one |= has(line, poll_add);
    });
    return has_one || !lists;
}

} // namespace

EpollSets::EpollSets() {
    int directory = sys::openat(AT_FDCWD, "/proc/thread-self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    sys::each_entry(directory, [&](const char* name) {
        int fd = static_cast<int>(number_behind(name, "", 10));
        struct stat status;
        if (sys::fstat(fd, status) == 0 && S_ISSOCK(status.st_mode))
            return; // most are, and this costs a fifth of the link
        char target[eventpoll.size() + 1];
        ssize_t length = sys::readlinkat(directory, name, target, sizeof target);
        std::string_view file(target, length > 0 ? static_cast<size_t>(length) : 0);
        if (file == eventpoll && count_ < most)
            sets_[count_++] = fd;
        else if (file == io_uring)
            has_polling_ring_ |= polls(fd);
    });
    sys::close(directory);
}

Registrations::Registrations(const EpollSets& sets, int fd) : fd_(fd) {
    struct stat status;
    if (fd < 0 || sets.is_empty() || sys::fstat(fd, status) != 0)
        return;
    for (int set : sets)
        each_line_about(set, [&](const char* line) { note(set, line, status.st_ino); });
}

void Registrations::note(int set, const char* line, ino_t file) {
    if (!starts_with(line, "tfd:") || (has(line, "ino:") && number_behind(line, "ino:", 16) != file))
        return;
    if (number_behind(line, "tfd:", 10) != static_cast<uint64_t>(fd_)) {
        are_complete_ &= !has(line, "ino:");
        return;
    }
    if (count_ == most) {
        are_complete_ = false;
        return;
    }
    Registration& registration = registrations_[count_++];
    registration.set = set;
    registration.event.events = static_cast<uint32_t>(number_behind(line, "events:", 16));
    registration.event.data.u64 = number_behind(line, "data:", 16);
}

void Registrations::remove() const {
    for (int i = 0; i < count_; i++)
        sys::epoll_ctl(registrations_[i].set, EPOLL_CTL_DEL, fd_, {});
}

void Registrations::make_again() const {
    for (int i = 0; i < count_; i++)
        sys::epoll_ctl(registrations_[i].set, EPOLL_CTL_ADD, fd_, registrations_[i].event);
}

} // namespace pqsweep
