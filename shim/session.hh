// Session: what a connection's owner has made of its session, and must find again in a session that takes its
// place. Pure bookkeeping: no libpq, no input or output, no lock; only the connection's owner calls it. All-zero
// bytes are an empty session, which owns no memory; forget() gives back what another one owns.
#pragma once

#include "sql.hh"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace pqsweep {

// Why a session cannot be made again. In the order of precedence of what is told.
enum class Loss : uint8_t { none, temporary_table, advisory_lock, held_cursor, unclear, too_much };

// "it had a temporary table", to follow what was not done; empty for none.
std::string_view words_for(Loss loss);

class Session {
public:
    static constexpr size_t most_bytes = 64 << 10; // of what is remembered and pending, per connection

    // The program is about to send this text: one statement, or several separated by semicolons.
    void sends(std::string_view sql);
    // A Parse through libpq; the unnamed statement is not remembered. `types` may be null.
    void sends_prepare(const char* name, const char* sql, int n, const unsigned* types);
    // A Close of a prepared statement through libpq.
    void sends_close(const char* name);
    // Something else whose outcome comes in the same sequence: a prepared statement's execution, a description, a
    // function call.
    void sends_other();

    // The outcome of the oldest thing sent that has none yet: one call for each thing sent. `ok`: no error.
    // `command_tag`: of its last result, as PQcmdStatus has it; empty when there is none or it is not known.
    void gets(bool ok, std::string_view command_tag);
    // The server is idle after everything sent; libpq's word for whether in a transaction, which is the truth.
    // Outcomes that have not come will not, and count as not known.
    void settles(bool in_transaction);

    // Of what is committed. In a transaction, what it has done so far is not in it.
    Loss loss() const;

    // Whether it listens for notifications, as far as is committed.
    bool listens() const;

    // What a fresh session must be given, in an order that works. visit_sql(std::string_view sql): statements to
    // run as they stand. visit_prepare(const char* name, const char* sql, int n, const unsigned* types): statements
    // to prepare through libpq. All of it ends in a NUL byte, also behind the view, and is valid until the next call.
    template<class VisitSql, class VisitPrepare>
    void each(VisitSql visit_sql, VisitPrepare visit_prepare) const;

    // The session is another one, or over.
    void forget();
    // Nothing is remembered, pending, or known of the session at all: all bytes are zero.
    bool is_empty() const;

private:
    // One thing that a text does, from when it is sent until it counts no more.
    struct Note {
        Note* next;
        uint32_t size;       // of the allocation
        uint32_t key_size;   // the NUL not counted
        uint32_t text_size;  // the NUL not counted
        uint32_t count;      // savepoint: of equal ones nested. prepare: of types, unless by_sql
        uint32_t plain_next; // closes_text: things without a note sent between this one and the next
        Act act;
        bool by_sql : 1;      // prepare: by a statement, not through libpq
        bool closes_text : 1; // the last note of one thing sent
        bool is_last : 1;     // of the text's last statement
        bool of_many : 1;     // the text has several statements

        const unsigned* types() const { return reinterpret_cast<const unsigned*>(this + 1); }
        unsigned* types() { return reinterpret_cast<unsigned*>(this + 1); }
        const char* key_start() const {
            return reinterpret_cast<const char*>(types() + (by_sql ? 0 : count));
        }
        char* key_start() { return reinterpret_cast<char*>(types() + (by_sql ? 0 : count)); }
        std::string_view key() const { return {key_start(), key_size}; }
        std::string_view text() const { return {key_start() + key_size + 1, text_size}; }
    };
    struct List {
        Note* first;
        Note* last;

        void append(Note* note);
        Note* take_first();
    };

    Note* make(const Effect& effect);
    Note* make(Act act, std::string_view name, std::string_view text, size_t n, const unsigned* types);
    Note* allocate(Act act, size_t bytes);
    void drop(Note* note);
    void drop_all(List& list);
    template<class Predicate>
    void drop_if(List& list, Predicate predicate);
    Note* find(Act act, std::string_view key) const;
    void overflow();
    void queue(List& notes, uint32_t statements);
    void queue_plain();

    void succeed(List& notes, std::string_view command_tag);
    void fail(List& notes);
    void control(Note* note, std::string_view command_tag);
    void at_once(Note* note);
    void executed(std::string_view command_tag);
    void keep(Note* note);
    void keep_keyless(Act act);
    void forget_setting(std::string_view key);
    void discard_all();
    void commit();
    void roll_back();
    void lose_track();
    void end_savepoint(Note* note);
    bool has_provisional() const;

    List kept_;
    List provisional_; // of the transaction, savepoints included; of an implicit one until nothing is pending
    List pending_;
    uint32_t plain_; // things without a note sent before the first pending one
    uint32_t bytes_;
    uint8_t hazards_; // what executing some prepared statement may do
    bool unclear_ : 1;
    bool too_much_ : 1;
    bool in_transaction_ : 1;
    bool failed_ : 1; // the transaction; known only as long as the outcomes tell
};

static_assert(sizeof(Session) <= 64);

template<class VisitSql, class VisitPrepare>
void Session::each(VisitSql visit_sql, VisitPrepare visit_prepare) const {
    for (Act act : {Act::load, Act::set, Act::prepare, Act::listen}) {
        for (const Note* note = kept_.first; note; note = note->next) {
            if (note->act != act)
                continue;
            if (act == Act::prepare && !note->by_sql)
                visit_prepare(note->key().data(), note->text().data(), static_cast<int>(note->count),
                              note->count ? note->types() : nullptr);
            else
                visit_sql(note->text());
        }
    }
}

} // namespace pqsweep
