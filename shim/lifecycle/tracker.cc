#include "shim/lifecycle/tracker.hh"

#include "shim/base/clock.hh"
#include "shim/base/guards.hh"
#include "shim/base/settings.hh"
#include "shim/base/socket.hh"
#include "shim/lifecycle/cancel_conns.hh"
#include "shim/lifecycle/cancels.hh"
#include "shim/lifecycle/ending.hh"
#include "shim/lifecycle/inquiry.hh"
#include "shim/lifecycle/introduce.hh"
#include "shim/lifecycle/last_error.hh"
#include "shim/lifecycle/ledger.hh"
#include "shim/lifecycle/notices.hh"
#include "shim/lifecycle/sessions.hh"
#include "shim/lifecycle/sweep.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/lifecycle/terminate_at_exit.hh"
#include "shim/origin/capture.hh"
#include "shim/origin/python_dump.hh"

#include <cstring>

namespace pqsweep::tracker {

namespace {

TextId intern(Table& table, const char* text) {
    return text ? table.texts.intern(text) : TextId::none;
}

uint16_t port_of(const Libpq& libpq, PGconn* conn) {
    const char* text = libpq.PQport ? libpq.PQport(conn) : nullptr;
    uint32_t port = 0;
    for (; text && *text >= '0' && *text <= '9'; text++)
        port = port * 10 + static_cast<uint32_t>(*text - '0');
    return static_cast<uint16_t>(port);
}

void established(Table& table, Connection& c, PGconn* conn) {
    const Libpq& libpq = *c.libpq;
    c.backend_pid = libpq.PQbackendPID(conn);
    c.host = intern(table, libpq.PQhost(conn)); // of several, the one that libpq has chosen
    c.port = port_of(libpq, conn);
    c.conninfo = introduce::connection(libpq, conn);
    c.application = intern(table, libpq.PQparameterStatus(conn, "application_name"));
    auto gss_in_use = libpq.PQgssEncInUse;
    bool has_tls = libpq.PQsslInUse(conn);
    c.encrypted = has_tls || (gss_in_use && gss_in_use(conn));
    if (has_tls)
        terminate_at_exit::expect_tls(libpq);
    cancels::keep(table, c, conn);
    cancel_conns::renew(c, conn);
    c.activity = Activity::idle;
    Ledger(table).open(c);
}

// Returns the application_name that libpq is going to send to the server.
TextId application_to_be(Table& table, const Libpq& libpq, PGconn* conn) {
    auto conninfo = libpq.PQconninfo;
    PQconninfoOption* options = conninfo ? conninfo(conn) : nullptr;
    if (!options)
        return TextId::none;
    const char* value = nullptr;
    for (const PQconninfoOption* o = options; o->keyword; o++)
        if (o->val && (strcmp(o->keyword, "application_name") == 0 ||
                       (!value && strcmp(o->keyword, "fallback_application_name") == 0)))
            value = o->val;
    TextId name = intern(table, value);
    libpq.PQconninfoFree(options);
    return name;
}

// PQSWEEP_KEEP's rules need these before a sweep can come.
void note_names(Table& table, Connection& c, PGconn* conn) {
    const Libpq& libpq = *c.libpq;
    c.database = intern(table, libpq.PQdb(conn));
    c.user = intern(table, libpq.PQuser(conn));
    c.host = intern(table, libpq.PQhost(conn));
    for (const KeepRule& rule : the_settings().keep)
        if (rule.field == KeepField::app && c.application == TextId::none)
            c.application = application_to_be(table, libpq, conn);
}

// libpq shows no SQLSTATE of an attempt that failed.
bool says_no_slot(std::string_view message) {
    for (std::string_view part :
         {"too many clients", "connection slots are reserved", "too many connections for"})
        if (message.find(part) != message.npos)
            return true;
    return false;
}

// Journals once for each tag that the server has no slot left: a program can try again and again.
void note_attempt_failed(Table& table, const Connection& c, PGconn* conn) {
    static constinit std::atomic<uint64_t> noted; // 1 and the epoch
    uint64_t now = uint64_t{1} << 32 | table.epoch;
    if (c.activity == Activity::connecting && says_no_slot(c.libpq->PQerrorMessage(conn)) &&
        noted.exchange(now, std::memory_order_relaxed) != now)
        journal::no_slot(table, tag::test(table));
}

// libpq has seen the end of the stream.
void lost(Table& table, Connection& c) {
    c.activity = Activity::lost;
    c.fd = -1;
    c.cookie = 0;
    Ledger(table).lose(c);
}

Connection* add(Table& table, const PGconn* conn, const Libpq* libpq) {
    Connection* c = table.connections.add(conn, libpq);
    if (c && !(sessions::begin(table, *c) && cancels::begin(table, *c))) {
        table.connections.remove(*c);
        return nullptr;
    }
    if (c)
        inquiry::begin(table, *c);
    return c;
}

// The connection in the slot is a new one, of the current tag and test.
void begin(Table& table, Connection& c) {
    TextId tag = table.tag, fixture = table.fixture;
    c.number = table.numbered.add(1);
    c.opened_by_fixture = fixture != TextId::none;
    c.elsewhere = static_cast<uint8_t>(c.elsewhere & ~Elsewhere::used);
    c.tag = c.opened_by_fixture ? fixture : tag;
    c.lifetime = Lifetime();
    live_for_current(table, c);
    c.test = tag::test(table);
    Origin& origin = table.origins.of(table.connections.slot_of(c));
    origin = origin::of_this_call();
    c.chain = origin::whole_chain(table.texts, origin, table.texts.text(c.test));
    c.last_test = c.test;
    c.opened_at = now();
    c.thread = mark_of_this_thread();
    Ledger(table).begin(c);
}

// Nothing is known of the session that libpq is about to make.
void forget_session(Connection& c) {
    c.activity = Activity::connecting;
    c.backend_pid = 0;
    c.has_reason = c.mid_message = false;
    c.hindrance = Hindrance::none;
    c.glances = 0;
    c.sweep = 0;
}

} // namespace

void connected(Table& table, PGconn* conn, const Libpq* libpq, bool is_done) {
    KeepErrno keep;
    Connection* c = table.connections.find(conn);
    if (c && is_done && !c->inside.load(std::memory_order_relaxed)) {
        // libpq freed that PGconn out of our sight, and its address is in use again.
        finishing(table, *c, nullptr);
        c = nullptr;
    }
    if (!c) {
        c = add(table, conn, libpq);
        if (!c) {
            if (is_done)
                table.connections.note_untracked();
            return;
        }
        note_names(table, *c, conn);
        c->inside.store(true, std::memory_order_seq_cst);
        begin(table, *c);
    }
    progressed(table, *c, conn);
    if (is_done)
        c->inside.store(false, std::memory_order_release);
}

void progressed(Table& table, Connection& c, PGconn* conn) {
    KeepErrno keep;
    ConnStatusType status = c.libpq->PQstatus(conn);
    int fd = c.libpq->PQsocket(conn);
    if (status == CONNECTION_BAD || fd < 0) {
        note_attempt_failed(table, c, conn);
        lost(table, c);
        return;
    }
    c.cookie = socket_cookie(fd);
    c.fd = fd;
    table.held_numbers.hold(fd);
    // A sweep that claimed before this has cut the former socket, or none.
    if (c.state() == State::swept)
        cut_socket(fd, c.cookie, {});
    if (status == CONNECTION_OK)
        established(table, c, conn);
    else
        c.activity = Activity::connecting;
}

void reviving(Table& table, Connection& c) {
    c.opened_by_fixture = false;
    c.thread = mark_of_this_thread();
    live_for_current(table, c);
    forget_session(c);
    Ledger(table).revive(c);
}

void resetting(Table& table, Connection& c) {
    KeepErrno keep;
    inquiry::forget(table, c);
    Ledger(table).end(c, journal::Close::reset);
    sessions::forget(table, c);
    cancels::disown(table, c);
    cancel_conns::disown(c);
    c.in_session = 0;
    forget_session(c);
    begin(table, c);
}

void finishing(Table& table, Connection& c, const void* caller) {
    KeepErrno keep;
    if (tag::has_run_out(table) && python::is_finalizing())
        sweep::at_shutdown(table, c);
    bool is_dropped = false;
    if (c.state() == State::open) {
        tag::look_for_end(table);
        if (!tag::is_over() && python::is_finalizing())
            journal::left(table, c);
    } else {
        tag::look(table);
        is_dropped = ending::of_now(table, caller) != Ending::by_owner;
    }
    Ledger(table).end(c, is_dropped ? journal::Close::dropped : journal::Close::owner);
    inquiry::forget(table, c);
    cancels::forget(table, c);
    cancel_conns::disown(c);
    sessions::forget(table, c);
    table.connections.remove(c);
}

bool using_swept(Table& table, Connection& c, bool expects_reply) {
    if (c.has_reason || c.activity == Activity::lost)
        return false;
    Ledger(table).refuse(c);
    c.has_reason = last_error::deliver(table, c, expects_reply);
    if (c.has_reason) {
        c.fd = -1; // the kernel's socket is gone; a later sweep has nothing to do here
        c.cookie = 0;
    }
    return c.has_reason;
}

void tell_by_notice(Connection& c, PGconn* conn) {
    auto consume = c.libpq->PQconsumeInput;
    consume(conn);
    c.libpq->PQisBusy(conn); // hands the message to the notice receiver
}

void settle_seldom(Table& table, Connection& c, PGconn* conn, PGTransactionStatusType status) {
    KeepErrno keep;
    if (c.has_reason && status != PQTRANS_ACTIVE && status != PQTRANS_UNKNOWN) {
        // The owner has its error. Now libpq finds the end of the stream, and the status turns bad.
        c.libpq->PQconsumeInput(conn);
        status = c.libpq->PQtransactionStatus(conn);
    }
    if (status == PQTRANS_UNKNOWN) {
        if (c.libpq->PQstatus(conn) == CONNECTION_BAD)
            lost(table, c);
        return;
    }
    if (c.libpq->pipeline_status(conn) != PQ_PIPELINE_OFF)
        c.activity = Activity::pipeline;
    else if (c.activity != Activity::copy)
        c.activity = Activity::running;
}

void note_result(Connection& c, const PGresult* result) {
    switch (c.libpq->PQresultStatus(result)) {
    case PGRES_COPY_IN: // libpq has read all that the server sent
        c.mid_message = false;
        c.activity = Activity::copy;
        break;
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        c.mid_message = true;
        c.activity = Activity::copy;
        break;
    default:
        if (c.activity == Activity::copy)
            c.activity =
                Activity::running; // libpq says that it is active until it has read that the server is idle
        break;
    }
}

void note_failure(Table& table, const Connection& c, const PGresult* result) {
    constexpr std::string_view object_in_use = "55006";
    KeepErrno keep;
    const char* state = c.libpq->PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* message = c.libpq->PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!state && has_met_untold_end(c))
        last_error::tell_in(table, c, result);
    if (!state || !message || object_in_use != state)
        return;
    std::string_view text(message);
    size_t begin = text.find('"'), end = text.rfind('"');
    if (begin < end)
        journal::in_use({message + begin + 1, end - begin - 1});
}

void using_inherited(Connection& c, Use use) {
    bool is_use = use == Use::work || (use == Use::go_on && is_busy(c.activity));
    auto did = static_cast<uint8_t>(use == Use::finish ? InChild::finished : is_use ? InChild::used : 0);
    if (!did || (c.in_child & did))
        return;
    c.in_child = static_cast<uint8_t>(c.in_child | did);
    if (Table* parents = table::parents())
        journal::inherited(*parents, c, did);
}

Connection* adopting(Table& table, Connection& inherited, const PGconn* conn) {
    KeepErrno keep;
    using_inherited(inherited, Use::finish);
    Connection* c = add(table, conn, inherited.libpq);
    if (c)
        notices::note_unknown(table, *c);
    return c;
}

} // namespace pqsweep::tracker
