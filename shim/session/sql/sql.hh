// SQL: reads just enough of PostgreSQL's commands to know what a text does to its session. It takes what it can't read
// for something that matters.
// Context: any. It allocates nothing and never reads past the text.
#pragma once

#include "shim/session/sql/parameters.hh"

#include <cstdint>
#include <string_view>

namespace pqsweep {

// What a statement does. The order makes the groups below.
enum class Act : uint8_t {
    begin,
    commit,
    commit_chain,
    rollback,
    rollback_chain,
    savepoint,           // key
    rollback_to,         // key
    release,             // key
    prepare_transaction, // ends the transaction

    set,         // key, text
    set_unknown, // key, or none: a value that the text does not show
    unset,       // key
    unset_all,   // but not role and session_authorization
    set_local,   // key, text: one of time_outs or parsing, until the transaction ends
    listen,      // key
    unlisten,    // key
    unlisten_all,
    create_temporary, // key, or none
    rename_temporary, // key, if that is one
    drop_temporary,   // key
    drop_all_temporary,
    hold,    // key: a cursor
    unclear, // something that the text does not show

    close, // key: a cursor
    close_all,
    prepare,    // key, text
    deallocate, // key
    deallocate_all,
    lock,            // key: the arguments, or none if they do not show which lock, and how often
    lock_shared,     // key
    try_lock,        // key, column
    try_lock_shared, // key, column
    unlock,          // key
    unlock_shared,   // key
    unlock_all,
    hidden,          // something that the server can be asked for, and a rollback might not undo it
    mention,         // key: perhaps the name of a custom setting, in a statement that does something hidden
    create,          // something that is temporary if the search_path names pg_temp
    unclear_at_once, // as unclear, and a rollback does not undo it
    load,            // key, text
    define,          // key: a custom setting, that stays defined whatever its value; text: the statement
    execute,         // key: a prepared statement; text: its arguments, with their parentheses, or none
    discard_all,
};

inline bool is_control(Act act) {
    return act <= Act::prepare_transaction;
}
// Returns whether a rollback undoes it, and only a commit makes it count.
inline bool is_transactional(Act act) {
    return act > Act::prepare_transaction && act <= Act::unclear;
}
// Returns whether a fresh server process can't be given it again.
inline bool is_loss(Act act) {
    switch (act) {
    case Act::set_unknown:
    case Act::listen:
    case Act::create_temporary:
    case Act::rename_temporary:
    case Act::hold:
    case Act::lock:
    case Act::lock_shared:
    case Act::try_lock:
    case Act::try_lock_shared:
    case Act::unclear:
    case Act::hidden:
    case Act::unclear_at_once:
        return true;
    default:
        return false;
    }
}
inline bool is_setting(Act act) {
    return (act >= Act::set && act <= Act::unset) || act == Act::set_local || act == Act::define;
}

// How the server reads a text that is sent now.
struct Dialect {
    bool escapes = false;     // backslashes escape in every string: standard_conforming_strings is off
    bool is_wide = false;     // a byte of a character can look like ASCII: SJIS and its kind
    bool is_doubtful = false; // a setting that changes these is under way
    int8_t encoding = -1;     // libpq's number for client_encoding
};

struct Effect {
    Act act;
    bool is_harmless;        // prepare: its execution has no effect
    bool is_value;           // set: the text is the value itself
    int column;              // try_lock: the result's, with its value; execute: the first one; -1: none
    uint32_t statement;      // counted from 1
    std::string_view key;    // as written: fold_name makes it comparable
    std::string_view before; // the statement that has this effect is this, and then the text
    std::string_view text;   // of a loss: the beginning of the statement
};

using VisitEffect = void (*)(void* visitor, const Effect&);

// Calls visit(const Effect&) for all that the text does, in order. Returns the number of its statements, or 0 if none
// has an effect.
uint32_t read_sql_into(std::string_view sql, const Dialect& dialect, const Parameters& parameters,
                       VisitEffect visit, void* visitor);
// The same for what `PREPARE name AS ...` does when it is executed.
uint32_t read_prepared_into(std::string_view sql, const Dialect& dialect, const Parameters& parameters,
                            VisitEffect visit, void* visitor);
// Returns whether the text is a plain ROLLBACK or ABORT.
bool is_rollback(std::string_view sql);
// Returns whether the text is a DEALLOCATE, or nothing: its result does not depend on what the transaction has done.
bool leaves_transaction(std::string_view sql);
// Returns whether a setting's value names pg_temp. With that in the search_path, all that is created can be temporary.
bool names_pg_temp(std::string_view value);
// Returns whether a glance shows a single statement without any effect. False for what has to be read.
bool is_plain(std::string_view sql);

template<class Visit>
uint32_t read_sql(std::string_view sql, const Dialect& dialect, const Parameters& parameters, Visit visit) {
    return read_sql_into(
        sql, dialect, parameters,
        [](void* visitor, const Effect& effect) { (*static_cast<Visit*>(visitor))(effect); }, &visit);
}

template<class Visit>
uint32_t read_prepared(std::string_view sql, const Dialect& dialect, const Parameters& parameters,
                       Visit visit) {
    return read_prepared_into(
        sql, dialect, parameters,
        [](void* visitor, const Effect& effect) { (*static_cast<Visit*>(visitor))(effect); }, &visit);
}

} // namespace pqsweep
