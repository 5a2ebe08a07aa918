#include "tests/chaos/bystanders.hh"

#include "tests/chaos/violation.hh"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pqsweep::chaos {

namespace {

constexpr size_t most = 24;

std::string reason(const std::string& what) {
    return what + ": " + strerror(errno);
}

// Makes a TCP connection within this process. Returns false when descriptors are short.
bool tcp_pair(int* ends) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    ends[0] = ends[1] = -1;
    if (bind(listener, any, length) == 0 && listen(listener, 1) == 0 &&
        getsockname(listener, any, &length) == 0)
        ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (ends[0] >= 0 && connect(ends[0], any, length) == 0)
        ends[1] = accept(listener, nullptr, nullptr);
    close(listener);
    if (ends[1] < 0)
        close(ends[0]);
    return ends[1] >= 0;
}

} // namespace

Bystanders::~Bystanders() {
    for (const Pair& pair : pairs_) {
        close(pair.ends[0]);
        close(pair.ends[1]);
    }
    for (const File& file : files_)
        close(file.fd);
}

void Bystanders::step() {
    if (pairs_.size() < most)
        open_pair();
    if (files_.size() < most)
        open_file();
    if (!pairs_.empty()) {
        Pair& pair = pairs_[random_() % pairs_.size()];
        check(pair);
        if (random_() % 2) {
            close(pair.ends[0]);
            close(pair.ends[1]);
            pair = pairs_.back();
            pairs_.pop_back();
        }
    }
    if (!files_.empty()) {
        File& file = files_[random_() % files_.size()];
        check(file);
        if (random_() % 2) {
            if (close(file.fd) != 0)
                violation(reason("close of a file"));
            std::swap(file, files_.back());
            files_.pop_back();
        }
    }
}

void Bystanders::open_pair() {
    Pair pair{};
    bool is_open = false;
    switch (random_() % 4) {
    case 0:
        pair.what = "TCP connection";
        is_open = tcp_pair(pair.ends);
        break;
    case 1:
        pair.what = "pipe";
        is_open = pipe(pair.ends) == 0;
        std::swap(pair.ends[0], pair.ends[1]); // writes enter at the first end
        break;
    default:
        pair.what = "socket pair";
        is_open = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.ends) == 0;
    }
    if (is_open)
        pairs_.push_back(pair);
}

void Bystanders::open_file() {
    File file{memfd_create("bystander", MFD_CLOEXEC), std::string(1 + random_() % 1000, 0)};
    if (file.fd < 0)
        return;
    for (char& c : file.content)
        c = static_cast<char>(random_());
    if (write(file.fd, file.content.data(), file.content.size()) != static_cast<ssize_t>(file.content.size()))
        violation(reason("write to a file"));
    files_.push_back(std::move(file));
}

void Bystanders::check(const Pair& pair) {
    std::string sent(1 + random_() % 100, 'x');
    char received[101];
    if (write(pair.ends[0], sent.data(), sent.size()) != static_cast<ssize_t>(sent.size()))
        violation(reason(std::string(pair.what) + " does not take bytes"));
    pollfd waiting{pair.ends[1], POLLIN, 0};
    if (poll(&waiting, 1, 10000) != 1 ||
        read(pair.ends[1], received, sizeof received) != static_cast<ssize_t>(sent.size()) ||
        memcmp(received, sent.data(), sent.size()) != 0)
        violation(reason(std::string(pair.what) + " does not bring what went in"));
}

void Bystanders::check(const File& file) {
    std::string content(file.content.size() + 1, 0);
    ssize_t size = pread(file.fd, content.data(), content.size(), 0);
    if (size != static_cast<ssize_t>(file.content.size()) ||
        content.compare(0, file.content.size(), file.content) != 0)
        violation(reason("a file is not what it was"));
}

} // namespace pqsweep::chaos
