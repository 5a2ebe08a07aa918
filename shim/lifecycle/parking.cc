#include "shim/lifecycle/parking.hh"

#include "shim/base/settings.hh"
#include "shim/base/socket.hh"
#include "shim/base/sys.hh"

namespace pqsweep::parking {

namespace {

// Puts the inert socket under the number. Returns a copy of the former socket; a negative number if nothing was changed.
int exchange(Table& table, Connection& c, int fd, uint64_t cookie, int inert,
             const Registrations& registrations, By by) {
    HeldNumbers::Grip grip(table.held_numbers, fd);
    bool is_in_use = by != By::owner && c.inside.load(std::memory_order_seq_cst);
    if (!grip || is_in_use || c.state() != State::swept)
        return -1;
    int former = copy_of(fd, cookie);
    if (former < 0)
        return -1;
    registrations.remove();
    c.cookie = socket_cookie(inert);
    sys::dup3(inert, fd, O_CLOEXEC);
    registrations.make_again();
    return former;
}

} // namespace

bool is_worth_it(const Connection& c) {
    return the_settings().revive && is_waiting(c.activity) && !c.was_read_elsewhere();
}

int park(Table& table, Connection& c, int fd, uint64_t cookie, const EpollSets& sets, By by) {
    Registrations registrations(sets, fd);
    if (!registrations.are_complete())
        return -1;
    int inert = make_inert_socket();
    if (inert < 0)
        return -1;
    int former = exchange(table, c, fd, cookie, inert, registrations, by);
    sys::close(inert);
    return former;
}

void end_in_child(int fd) {
    int ends[2];
    if (!is_inert_socket(fd) || sys::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return;
    sys::dup3(ends[0], fd, O_CLOEXEC);
    sys::close(ends[0]);
    sys::close(ends[1]);
}

} // namespace pqsweep::parking
