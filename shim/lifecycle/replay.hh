// The replay: gives a revived connection's new session what the old one had.
//
// PQreset loses the session, libpq's own modes, and each setting that was not in the connection's parameters. ClientState
// reads before the reset what libpq knows of them. The replay sends afterwards what the Session noted (shim/session), and
// then each setting that the server reported with another value before.
//
// For example, after `set search_path to shop`, PQprepare("q", "select $1::int") and psycopg2's `set TimeZone`:
//
//     sent      set search_path to shop | Parse q | set_config('TimeZone', ...) | Sync
//     received  CommandComplete | ParseComplete | a row | ReadyForQuery
//
// The replay sends all of this in one pipeline, and then reads the outcomes. That costs one round trip, or one for each item if libpq
// (before 14) has no pipelines. An item that the server refuses undoes all that shares its Sync. So then everything goes once more,
// behind a DISCARD ALL, each with a Sync of its own. So does all before a ROLLBACK. The statement that was refused is left out: it is
// made when it is needed. If it was refused because it waited for a lock for 100 ms, so are all.
//
// Context: owner thread, inside its call and outside libpq. It allocates as libpq does. errno: not kept. Locks: none.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/session/session.hh"

#include <iterator>

namespace pqsweep::replay {

// Settings that the server reports. libpq knows their values, whichever statement or program set them.
constexpr size_t encoding_setting = 0, strings_setting = 1, name_setting = 5;
constexpr const char* reported_settings[] = {
    "client_encoding",  "standard_conforming_strings",   "DateStyle",   "TimeZone", "IntervalStyle",
    "application_name", "default_transaction_read_only", "search_path",
};
constexpr size_t setting_count = std::size(reported_settings);

// Keeps what PQreset loses and libpq knows.
class ClientState {
public:
    ClientState(const Libpq& libpq, PGconn* conn);

    // Puts libpq's modes back.
    void put_back() const;

    // Takes the settings of the new session as those of the old one. A transaction that is over with the old one might have set what
    // libpq knew.
    void take_settings();

    // Returns the value of a setting before the reset; null if it is not known.
    const char* value(size_t setting) const { return is_known_[setting] ? values_[setting] : nullptr; }

    // The following ask about the new session.

    // Returns a bit for each reported setting that the new session has otherwise.
    uint32_t changed_settings() const;
    int encoding() const { return libpq_.PQclientEncoding(conn_); }
    bool escapes() const;
    // Returns false if libpq has connected to another one of several hosts.
    bool is_same_host() const { return host_ == host_fingerprint(); }

private:
    uint32_t host_fingerprint() const;

    const Libpq& libpq_;
    PGconn* conn_;
    uint32_t host_ = host_fingerprint();
    bool is_nonblocking_;
    bool has_pipeline_;
    bool is_known_[setting_count];
    char values_[setting_count][256];
};

// This says what the owner thread is about to do. If it was in a transaction, the replay begins one at the end. A ROLLBACK needs no prepared
// statement but its own.
enum class Before : uint8_t { work, work_in_transaction, rollback };

enum class Outcome : uint8_t {
    all,
    failed, // the server refused an item
    lost,   // the connection was lost before all outcomes had come
};

// Replays all of `session`, and marks the prepared statements in it that the server refused as left out.
// `deadline`: until when, by now(), it waits for the server.
Outcome run(const Libpq& libpq, PGconn* conn, Session& session, ClientState& state, Before before,
            int64_t deadline);

} // namespace pqsweep::replay
