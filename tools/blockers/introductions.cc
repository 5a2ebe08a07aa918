#include "tools/blockers/introductions.hh"

#include <cstdlib>
#include <cstring>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

std::string base_folder() {
    const char* runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime && *runtime == '/')
        return runtime;
    std::error_code error;
    std::string temporary = std::filesystem::temp_directory_path(error).string();
    return error ? "/tmp" : temporary;
}

bool is_from_us(const msghdr& message) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(const_cast<msghdr*>(&message), c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
            continue;
        ucred sender{};
        memcpy(&sender, CMSG_DATA(c), sizeof sender);
        return sender.uid == geteuid();
    }
    return false;
}

// The text before the first NUL of `bytes`, which loses both.
std::string_view take_text(std::string_view& bytes) {
    std::string_view text = bytes.substr(0, bytes.find('\0'));
    bytes.remove_prefix(std::min(text.size() + 1, bytes.size()));
    return text;
}

} // namespace

Introductions::Introductions(std::string run) : run_(std::move(run)) {
    if (!open())
        path_.clear();
}

Introductions::~Introductions() {
    if (fd_ >= 0)
        close(fd_);
    std::error_code error;
    if (!folder_.empty())
        std::filesystem::remove_all(folder_, error);
}

bool Introductions::open() {
    std::string folder = base_folder() + "/pqsweep-run.XXXXXX";
    if (!mkdtemp(folder.data()))
        return false;
    folder_ = folder;
    path_ = folder + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path)
        return false;
    path_.copy(address.sun_path, path_.size());
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    prctl(PR_SET_DUMPABLE, 0);
    return fd_ >= 0 && setsockopt(fd_, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 &&
           bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
           chmod(path_.c_str(), 0600) == 0;
}

void Introductions::receive() {
    char bytes[65536];
    alignas(cmsghdr) char control[256];
    while (fd_ >= 0) {
        iovec part{bytes, sizeof bytes};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        ssize_t size = recvmsg(fd_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (size <= 0)
            break;
        if (!(message.msg_flags & MSG_TRUNC) && is_from_us(message))
            take({bytes, static_cast<size_t>(size)});
    }
    explicit_bzero(bytes, sizeof bytes);
}

void Introductions::take(std::string_view datagram) {
    uint32_t number = 0;
    if (datagram.size() < sizeof number)
        return;
    memcpy(&number, datagram.data(), sizeof number);
    datagram.remove_prefix(sizeof number);
    if (take_text(datagram) != run_)
        return;
    Conninfo conninfo;
    while (!datagram.empty()) {
        std::string_view keyword = take_text(datagram);
        conninfo.emplace_back(keyword, take_text(datagram));
    }
    sets_[number] = std::move(conninfo);
}

const Conninfo* Introductions::find(uint32_t number) const {
    auto place = sets_.find(number);
    return place == sets_.end() ? nullptr : &place->second;
}

} // namespace pqsweep::tools
