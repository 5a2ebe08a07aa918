// Session: what a connection's owner has made of its session, and must find again in a session that takes its
// place. Pure bookkeeping: no libpq, no input or output, no lock; only the connection's owner calls it. All-zero
// bytes are an empty session, which owns no memory; forget() gives back what another one owns.
#pragma once

#include "shim/session/hazards.hh"
#include "shim/session/kept.hh"
#include "shim/session/transaction.hh"

namespace pqsweep {

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
    Loss loss() const { return kept_.loss(); }

    // Whether it listens for notifications, as far as is committed.
    bool listens() const { return kept_.listens(); }

    // What a fresh session must be given, in an order that works. visit_sql(std::string_view sql): statements to
    // run as they stand. visit_prepare(const char* name, const char* sql, int n, const unsigned* types): statements
    // to prepare through libpq. All of it ends in a NUL byte, also behind the view, and is valid until the next call.
    template<class VisitSql, class VisitPrepare>
    void each(VisitSql visit_sql, VisitPrepare visit_prepare) const {
        kept_.each(visit_sql, visit_prepare);
    }

    // The session is another one, or over.
    void forget();
    // Nothing is remembered, pending, or known of the session at all: all bytes are zero.
    bool is_empty() const { return is_plain() && !plain_; }
    // Nothing but outcomes are to come that can't matter: forgets those, too, and is empty then.
    bool forgets_plain() {
        bool forgets = is_plain();
        if (forgets)
            plain_ = 0;
        return forgets;
    }
    // Whether the command tag of an outcome to come may matter.
    bool awaits_tag() const { return !pending_.is_empty(); }

private:
    void add(Notes& notes, Note* note);
    bool has_room(size_t bytes) const;
    void queue(Notes& notes, uint32_t statements);
    bool is_pending() const { return plain_ || !pending_.is_empty(); }
    bool is_plain() const {
        return pending_.is_empty() && transaction_.is_empty() && kept_.is_empty() && !hazards_.any();
    }
    void succeed(Notes& notes, std::string_view command_tag);
    void fail(Notes& notes);
    void apply(Note* note, std::string_view command_tag);
    void executed(Note* note, std::string_view command_tag);

    Kept kept_;
    Transaction transaction_;
    Notes pending_;  // sent, and the outcome has not come
    uint32_t plain_; // things without a note sent before the first pending one
    Hazards hazards_;
};

static_assert(sizeof(Session) <= 72);

} // namespace pqsweep
