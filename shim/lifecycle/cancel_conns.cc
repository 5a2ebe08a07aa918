#include "shim/lifecycle/cancel_conns.hh"

#include "shim/base/lock.hh"

#include <iterator>
#include <utility>

namespace pqsweep::cancel_conns {

namespace {

struct Place {
    PGcancelConn* handed_out; // null: a free place
    PGcancelConn* real;
    PGcancelConn* next; // what takes the place of `real`; null: none
    const Libpq* libpq;
    const Connection* of; // null: a revival does not matter any more
};
constinit Place places[32]{};
constinit Lock lock;

// The caller has the lock.
Place* place_of(const PGcancelConn* conn) {
    for (Place& place : places)
        if (place.handed_out == conn)
            return &place;
    return nullptr;
}

// Returns the first place of that connection's from `place` on; null: there is none.
Place* place_of(const Connection& c, Place* place = places) {
    Lock::Guard guard(lock);
    while (place != std::end(places) && place->of != &c)
        place++;
    return place != std::end(places) ? place : nullptr;
}

void free_one(const Libpq& libpq, PGcancelConn* conn) {
    if (conn)
        libpq.PQcancelFinish(conn);
}

} // namespace

void handed_out(const Connection& c, PGcancelConn* conn) {
    Lock::Guard guard(lock);
    if (Place* place = place_of(nullptr))
        *place = {conn, conn, nullptr, c.libpq, &c};
}

Real real_of(const PGcancelConn* conn) {
    Lock::Guard guard(lock);
    const Place* place = conn ? place_of(conn) : nullptr;
    return place ? Real{place->libpq, place->real} : Real{};
}

// A PGcancelConn that is under way, or done, stays what it is until PQcancelReset.
Real starting(const PGcancelConn* conn) {
    constexpr int allocated = 14; // CONNECTION_ALLOCATED, newer than the libpq-fe.h of many
    Real real = real_of(conn);
    if (!real.libpq || static_cast<int>(real.libpq->PQcancelStatus(real.conn)) != allocated)
        return real;
    PGcancelConn* former = nullptr;
    {
        Lock::Guard guard(lock);
        Place* place = place_of(conn);
        if (place && place->next) {
            former = place->real != conn ? place->real : nullptr;
            real.conn = place->real = place->next;
            place->next = nullptr;
        }
    }
    free_one(*real.libpq, former);
    return real;
}

Real taken_back(PGcancelConn* conn) {
    Place former{};
    {
        Lock::Guard guard(lock);
        Place* place = conn ? place_of(conn) : nullptr;
        if (!place)
            return {};
        former = *place;
        *place = {};
    }
    if (former.real != conn)
        free_one(*former.libpq, former.real);
    free_one(*former.libpq, former.next);
    return {former.libpq, conn};
}

void renew(const Connection& c, PGconn* conn) {
    for (Place* place = place_of(c); place; place = place_of(c, place + 1)) {
        PGcancelConn* other = c.libpq->PQcancelCreate(conn);
        {
            Lock::Guard guard(lock);
            if (place->of == &c)
                std::swap(place->next, other);
        }
        free_one(*c.libpq, other);
    }
}

void disown(const Connection& c) {
    for (Place* place = place_of(c); place; place = place_of(c, place + 1)) {
        PGcancelConn* unused = nullptr;
        {
            Lock::Guard guard(lock);
            if (place->of != &c)
                continue;
            place->of = nullptr;
            std::swap(place->next, unused);
        }
        free_one(*c.libpq, unused);
    }
}

void forget_parent() {
    lock.reset();
    for (Place& place : places)
        place.of = nullptr;
}

} // namespace pqsweep::cancel_conns
