#include "shim/lifecycle/introduce.hh"

#include "shim/base/fixed_text.hh"
#include "shim/base/settings.hh"
#include "shim/base/sys.hh"
#include "shim/base/text.hh"

#include <atomic>
#include <cstring>
#include <sys/un.h>

namespace pqsweep::introduce {

namespace {

// The parameters that decide whether the server accepts a client, and with which settings. Host, address and port are
// not among them: PQhost() and its kin return those of the host that replied.
constexpr FixedText<24> wanted[] = {"dbname",
                                    "user",
                                    "passfile",
                                    "options",
                                    "sslmode",
                                    "sslnegotiation",
                                    "sslcert",
                                    "sslkey",
                                    "sslrootcert",
                                    "sslcrl",
                                    "sslcrldir",
                                    "sslpassword",
                                    "sslsni",
                                    "ssl_min_protocol_version",
                                    "ssl_max_protocol_version",
                                    "channel_binding",
                                    "gssencmode",
                                    "krbsrvname",
                                    "gsslib",
                                    "require_auth",
                                    "requirepeer"};
constexpr size_t most = std::size(wanted) + 4;

constinit std::atomic<uint32_t> introduced[64];

bool is_wanted(const char* keyword) {
    for (std::string_view known : wanted)
        if (known == keyword)
            return true;
    return false;
}

// Gathers the texts of a datagram without copying them.
class Datagram {
public:
    explicit Datagram(std::string_view run) {
        add(reinterpret_cast<const char*>(&number_), sizeof number_);
        add(run.data(), run.size());
        add("", 1);
    }

    void add(const char* keyword, const char* value, bool is_secret = false) {
        if (!value || !*value || count_ + 2 > std::size(parts_))
            return;
        add(keyword, strlen(keyword) + 1);
        add(value, strlen(value) + 1);
        if (!is_secret)
            number_ = number_ * 16777619u ^ fnv1a(keyword) ^ fnv1a(value) << 1;
    }

    uint32_t number() const { return number_ ? number_ : 1; }

    bool send(std::string_view path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof address.sun_path)
            return false;
        memcpy(address.sun_path, path.data(), path.size());
        msghdr message{};
        message.msg_name = &address;
        message.msg_namelen = sizeof address;
        message.msg_iov = parts_;
        message.msg_iovlen = count_;
        int fd = sys::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
            return false;
        bool is_sent = sys::sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
        sys::close(fd);
        return is_sent;
    }

private:
    void add(const char* bytes, size_t size) { parts_[count_++] = {const_cast<char*>(bytes), size}; }

    iovec parts_[3 + 2 * most];
    size_t count_ = 0;
    uint32_t number_ = 2166136261u;
};

bool is_known(uint32_t number) {
    for (const auto& known : introduced)
        if (known.load(std::memory_order_relaxed) == number)
            return true;
    return false;
}

// If all places are taken, a later set is sent with each of its connections. `run` keeps one of each.
void note(uint32_t number) {
    for (auto& place : introduced) {
        uint32_t none = 0;
        if (place.compare_exchange_strong(none, number, std::memory_order_relaxed))
            return;
    }
}

} // namespace

uint32_t connection(const Libpq& libpq, PGconn* conn) {
    std::string_view socket = the_settings().run_socket;
    if (socket.empty() || !libpq.PQconninfo || !libpq.PQport || !libpq.PQpass)
        return 0;
    PQconninfoOption* options = libpq.PQconninfo(conn);
    if (!options)
        return 0;
    Datagram datagram(the_settings().run);
    datagram.add("host", libpq.PQhost(conn));
    if (libpq.PQhostaddr)
        datagram.add("hostaddr", libpq.PQhostaddr(conn));
    datagram.add("port", libpq.PQport(conn));
    datagram.add("password", libpq.PQpass(conn), true);
    for (const PQconninfoOption* option = options; option->keyword; option++)
        if (is_wanted(option->keyword))
            datagram.add(option->keyword, option->val);
    uint32_t number = datagram.number();
    if (!is_known(number) && datagram.send(socket))
        note(number);
    libpq.PQconninfoFree(options);
    return number;
}

} // namespace pqsweep::introduce
