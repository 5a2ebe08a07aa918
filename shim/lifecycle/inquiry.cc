#include "shim/lifecycle/inquiry.hh"

#include "shim/base/socket.hh"
#include "shim/base/sys.hh"
#include "shim/lifecycle/protocol.hh"
#include "shim/lifecycle/sessions.hh"

#include <algorithm>
#include <iterator>
#include <span>
#include <sys/mman.h>

namespace pqsweep {

// First has the question, and then the reply.
struct Inquiry::Reply {
    size_t size;
    char bytes[(1 << 16) - sizeof(size_t)];

    std::string_view view() const { return {bytes, size}; }
    uintptr_t here() const { return reinterpret_cast<uintptr_t>(this); }
    uintptr_t awaited() const { return here() | 1; }
};

namespace {

using Reply = Inquiry::Reply;

// The address of a Reply, with the lowest bit set while it is awaited; 0: none.
using ReplyWord = std::atomic<uintptr_t>;
ReplyWord& word_of(const Table& table, const Connection& c) {
    return sessions::slots.of(table, c).reply;
}

bool is_awaited(uintptr_t word) {
    return word & 1;
}

// Each row is a kind, a name and a value: of a setting, a prepared statement, a cursor, a channel, something temporary, a lock. Names of
// custom settings stand between the parts: no view has those settings. It asks the functions behind the views, because a fresh backend
// needs longest to look up what a query names; and it searches only functions that set something, because a database can have thousands.
// The server has no text of a function with RETURN or BEGIN ATOMIC; it makes that of the function's tree, if the tree calls set_config().
constexpr std::string_view question =
    "/* pqsweep */ with settings as (select name, setting, source from pg_catalog.pg_show_all_settings()), "
    "named as ("
    "select distinct pg_catalog.lower(m[1]) as n from (select case when prosrc = '' and "
    "pg_catalog.strpos(pg_catalog.row_to_json(p)::text, ':funcid 2078 ') > 0 then "
    "pg_catalog.pg_get_functiondef(oid) "
    "else prosrc end as body from pg_catalog.pg_proc p where oid >= 16384) f, lateral "
    "pg_catalog.regexp_matches("
    "body, '([a-z_][a-z0-9_]*(?:[.][a-z_][a-z0-9_]*)+)', 'gi') m where"
    " pg_catalog.strpos(pg_catalog.lower(body), 'set') > 0"
    " union select pg_catalog.unnest(array['";
constexpr std::string_view between_names = "','";
constexpr std::string_view behind_names =
    "']))"
    " select 's', name, setting from settings where source = 'session' and name not in"
    " ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')"
    " union all select 's', n, pg_catalog.current_setting(n, true) from named"
    " where pg_catalog.current_setting(n, true) is not null and n not in (select name from settings)"
    " union all select 's', 'session_authorization', session_user::text"
    " from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) where"
    " pg_catalog.pg_get_userbyid(usesysid) <> session_user"
    " union all select 's', 'role', pg_catalog.current_setting('role')"
    " where pg_catalog.current_setting('role') <> 'none'"
    " union all select 'p', name, '' from pg_catalog.pg_prepared_statement()"
    " union all select 'c', '', '' where exists (select from pg_catalog.pg_cursor() where is_holdable)"
    " union all select 'n', '', '' where exists (select from pg_catalog.pg_listening_channels())"
    " union all select 't', '', '' where pg_catalog.pg_my_temp_schema() <> 0 and ("
    "exists (select from pg_catalog.pg_class where relnamespace = pg_catalog.pg_my_temp_schema()) or "
    "exists (select from pg_catalog.pg_proc where pronamespace = pg_catalog.pg_my_temp_schema()) or "
    "exists (select from pg_catalog.pg_type where typnamespace = pg_catalog.pg_my_temp_schema()))"
    " union all select 'l', '', '' where exists (select from pg_catalog.pg_lock_status()"
    " where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid())";

// Such a name needs no quotes.
bool is_plain_name(std::string_view name) {
    for (char c : name)
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'))
            return false;
    return true;
}

// Writes the query. Returns an empty view if it does not fit.
std::string_view write_question(Reply& reply, const Session& session) {
    Text header(reply.bytes, protocol::header_size);
    Text body(reply.bytes + protocol::header_size, sizeof reply.bytes - protocol::header_size);
    body.raw(question);
    session.each_custom_name([&](std::string_view name) {
        if (is_plain_name(name))
            body.raw(name).raw(between_names);
    });
    body.raw(behind_names).raw(protocol::nul);
    protocol::append_header(header, protocol::query, body.size());
    return body.full() ? std::string_view() : std::string_view(reply.bytes, header.size() + body.size());
}

bool send_question(int copy, std::string_view message) {
    return !message.empty() &&
           sys::send(copy, message, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(message.size());
}

// Calls visit(type, body) for each whole message.
template<class Visit>
void each_message(std::string_view bytes, Visit visit) {
    using namespace protocol;
    while (bytes.size() >= header_size) {
        size_t size = 1 + size_t{number_at(bytes.data() + 1)};
        if (size < header_size || size > bytes.size())
            return;
        visit(bytes[0], std::string_view(bytes.data() + header_size, size - header_size));
        bytes.remove_prefix(size);
    }
}

bool is_whole(std::string_view bytes) {
    bool has_error = false, is_over = false;
    each_message(bytes, [&](char type, std::string_view) {
        has_error |= type == protocol::error_response;
        is_over |= type == protocol::ready_for_query;
    });
    return is_over && !has_error;
}

// Returns false if the server's reply does not come in time, or is none.
bool read_reply(int fd, Reply& reply, int64_t deadline) {
    reply.size = 0;
    while (reply.size < sizeof reply.bytes && sys::is_ready_within(fd, POLLIN, deadline - now())) {
        ssize_t n = sys::recv(fd, reply.bytes + reply.size, sizeof reply.bytes - reply.size, MSG_DONTWAIT);
        if (n <= 0)
            return false;
        reply.size += static_cast<size_t>(n);
        if (is_whole(reply.view()))
            return true;
    }
    return false;
}

Act act_of(char kind) {
    switch (kind) {
    case 's':
        return Act::set;
    case 'p':
        return Act::prepare;
    case 'c':
        return Act::hold;
    case 'n':
        return Act::listen;
    case 'l':
        return Act::lock;
    default:
        return Act::create_temporary;
    }
}

// A row has three columns, and none is null.
void account_row(Session& session, std::string_view row, int8_t encoding) {
    std::string_view columns[3];
    row.remove_prefix(protocol::count_size);
    for (std::string_view& column : columns) {
        if (row.size() < protocol::number_size)
            return;
        size_t size = protocol::number_at(row.data());
        row.remove_prefix(protocol::number_size);
        if (size > row.size())
            return;
        column = {row.data(), size};
        row.remove_prefix(size);
    }
    if (!columns[0].empty())
        session.account(act_of(columns[0][0]), columns[1], columns[2], encoding);
}

} // namespace

bool Inquiry::can_ask(const Connection& c) const {
    return patience_ > 0 && c.can_be_asked() && !c.encrypted && !c.shared_with_child;
}

bool Inquiry::ask(Connection& c, int copy) {
    if (!can_ask(c) || c.activity != Activity::idle)
        return false;
    void* memory =
        sys::mmap(nullptr, sizeof(Reply), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!memory)
        return false;
    auto* reply = static_cast<Reply*>(memory);
    ReplyWord& word = word_of(table_, c);
    word.store(reply->awaited(), std::memory_order_seq_cst);
    // I8: an owner that is outside now finds the connection swept at its next call, and waits before it touches the session.
    bool is_outside = !c.inside.load(std::memory_order_seq_cst);
    if (!is_outside || !send_question(copy, write_question(*reply, sessions::of(table_, c)))) {
        word.store(0, std::memory_order_release);
        sys::munmap(reply, sizeof *reply);
        return false;
    }
    c.pins.fetch_add(1, std::memory_order_seq_cst);
    asked_[count_++] = {&c, reply, copy};
    if (count_ == std::size(asked_))
        end();
    return true;
}

void Inquiry::end() {
    constexpr int64_t patience_of_one = second / 4;
    for (const auto& [c, reply, copy] : std::span(asked_, count_)) {
        int64_t start = now(), patience = std::min(patience_, patience_of_one);
        bool is_here = read_reply(copy, *reply, start + patience);
        int64_t taken = now() - start;
        patience_ = taken < patience ? patience_ - taken : 0;
        cut_copy(copy, protocol::terminate);
        uintptr_t word = reply->awaited();
        bool is_taken =
            word_of(table_, *c)
                .compare_exchange_strong(word, is_here ? reply->here() : 0, std::memory_order_acq_rel);
        if (!is_here || !is_taken)
            sys::munmap(reply, sizeof *reply);
        c->pins.fetch_sub(1, std::memory_order_seq_cst);
    }
    count_ = 0;
}

namespace inquiry {

namespace {

// Takes the reply from a sweep, or the place from a sweep that still awaits it. Returns null if there is none.
Reply* take(ReplyWord& of) {
    if (of.load(std::memory_order_acquire) == 0)
        return nullptr;
    uintptr_t word = of.exchange(0, std::memory_order_acq_rel);
    return is_awaited(word) ? nullptr : reinterpret_cast<Reply*>(word);
}

Reply* await(ReplyWord& of) {
    for (int64_t deadline = now() + second;
         is_awaited(of.load(std::memory_order_acquire)) && now() < deadline;)
        sys::nanosleep(millisecond / 10);
    return take(of);
}

void drop(Reply* reply) {
    if (reply)
        sys::munmap(reply, sizeof *reply);
}

} // namespace

void begin(const Table& table, const Connection& c) {
    drop(take(word_of(table, c)));
}

void take_account(Table& table, Connection& c, const PGconn* conn) {
    Reply* reply = await(word_of(table, c));
    if (!reply)
        return;
    Session& session = sessions::of(table, c);
    int8_t encoding = sessions::dialect_of(c, conn).encoding;
    session.begin_account();
    each_message(reply->view(), [&](char type, std::string_view body) {
        if (type == protocol::data_row && body.size() > protocol::count_size)
            account_row(session, body, encoding);
    });
    session.end_account();
    c.in_session = sessions::settled(c, session);
    drop(reply);
}

void forget(const Table& table, const Connection& c) {
    drop(await(word_of(table, c)));
}

} // namespace inquiry
} // namespace pqsweep
