#include "shim/lifecycle/terminate_at_exit.hh"

#include "shim/base/socket.hh"
#include "shim/base/sys.hh"
#include "shim/lifecycle/protocol.hh"
#include "shim/real/libc_functions.hh"

namespace pqsweep::terminate_at_exit {

namespace {

// OpenSSL cleans up in an exit handler, which it registers when libpq first uses it. After that its functions must not be
// called.
constinit std::atomic<bool> is_tls_over;

// Spares a connection without a tag: another process can go on with it [hands_over].
bool may_hear(const Connection& c) {
    return !Lifetime(c.lifetime).is_endless() && c.state() == State::open && is_waiting(c.activity) &&
           !c.shared_with_child && !c.inside.load(std::memory_order_seq_cst);
}

// A directory's link count is 2 and one for each directory in it: here, the threads.
bool is_only_thread() {
    struct stat status;
    return sys::fstatat(AT_FDCWD, "/proc/self/task", status) == 0 && status.st_nlink == 3;
}

// Only libpq's TLS state can encrypt the message, so this thread must be the only one. libpq's own write callback blocks
// SIGPIPE, and its sockets do not block.
void say_with_tls(const Connection& c) {
    auto* conn = const_cast<PGconn*>(c.conn.load(std::memory_order_relaxed));
    void* ssl = c.libpq->PQsslStruct(conn, "OpenSSL");
    if (auto* write = c.libpq->ssl_write(); ssl && write)
        write(ssl, protocol::terminate.data(), static_cast<int>(protocol::terminate.size()));
}

void say_all_with_tls(Table& table) {
    if (is_tls_over.exchange(true) || !is_only_thread())
        return;
    table.connections.each([](Connection& c) {
        if (c.encrypted && may_hear(c))
            say_with_tls(c);
    });
}

// This handler is registered after OpenSSL's, so it runs before OpenSSL's. It also runs before handlers and destructors that
// the program registered earlier: one of those can still use a connection without a tag.
void before_tls_ends(void*) {
    Table* table = table::existing();
    if (table && table->pid == sys::getpid())
        say_all_with_tls(*table);
}

} // namespace

void expect_tls(const Libpq& libpq) {
    if (!libpq.has_tls_handler) {
        libpq.has_tls_handler = true;
        // atexit() calls it, from a part of libc that is linked into each object.
        if (auto* add = real::libc_function<int(void (*)(void*), void*, void*)>("__cxa_atexit"))
            add(before_tls_ends, nullptr, nullptr);
    }
}

void say_all(Table& table) {
    say_all_with_tls(table);
    table.connections.each([](Connection& c) {
        if (!c.encrypted && may_hear(c))
            send_to_socket(c.fd, c.cookie, protocol::terminate);
    });
}

} // namespace pqsweep::terminate_at_exit
