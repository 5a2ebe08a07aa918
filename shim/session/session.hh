// Session: what a connection's owner has made of its session, and must find again in a session that takes its place.
//
// A swept connection that its owner uses again reconnects. The fresh server process knows nothing of the settings,
// prepared statements and channels of the last one, and nobody can ask the last one any more. So the shim reads every
// text that the owner sends, and remembers what it does. An example, with what is remembered:
//
//   SET work_mem = '3MB'                    sends(), gets(ok), settles(): kept
//   BEGIN                                   a transaction is open
//   SET lock_timeout = 4                    in the transaction
//   PREPARE p AS SELECT pg_advisory_lock($1)    kept: a rollback does not undo it
//   ROLLBACK                                lock_timeout is forgotten
//   EXECUTE p(7)                            kept: lock 7, which can't be taken again for certain: a loss
//   SELECT pg_advisory_unlock(7)            no loss any more
//   each(): SET work_mem = '3MB', then PREPARE p ..., as they came
//
// What the texts do not show for certain is a loss, with the statement that made it so: the owner gets an error that
// says why, and never another session. If the server can clear it up, a sweep asks the server before it ends the session
// (lifecycle/inquiry.hh). What it costs: a glance at each text; a text with an effect is read, and its note
// takes some 60 bytes and the text, 1 MB at most for a connection.
//
// All-zero bytes are an empty session, which owns no memory; forget() gives back what another one owns.
// Context: the connection's owner thread. errno: not kept. Locks: none.
#pragma once

#include "shim/session/kept.hh"
#include "shim/session/transaction.hh"

namespace pqsweep {

class Session {
public:
    static constexpr size_t most_bytes = 1 << 20; // of what is remembered and pending, per connection

    // Follows a text that the owner thread sends: one statement, or several separated by semicolons.
    void sends(std::string_view sql, const Dialect& dialect = {}, const Parameters& parameters = {});
    // Follows a text for which is_plain() returns true.
    void sends_plain() {
        replace_unnamed();
        sends_other();
    }
    // Follows a Parse through libpq. `types` can be null; an empty name is the unnamed statement's.
    void sends_prepare(const char* name, const char* sql, int n, const unsigned* types,
                       const Dialect& dialect = {});
    // Follows the execution of a prepared statement, which has the effects of the statement's text.
    void sends_execute(const char* name, const Parameters& parameters);
    // Follows a Close of a prepared statement through libpq.
    void sends_close(const char* name);
    // Follows libpq's own setting of client_encoding. What "auto" means is libpq's secret.
    void sends_encoding(const char* name);
    // Follows something else whose outcome comes in the same sequence, without an effect: a description.
    void sends_other();
    // Follows a call of a function by its object identifier. Its arguments are not read.
    void sends_call(int function);
    // Gives up the outcomes that have not come. Their effects are not known.
    void discards();
    // Follows the outcome of a pipeline's Sync, which ends an implicit transaction.
    void syncs();
    // Notes that something was sent in a pipeline: its transaction lasts until a Sync, even if all outcomes have come.
    void expects_sync() { awaits_sync_ = true; }
    bool awaits_sync() const { return awaits_sync_; }
    // Returns whether the oldest outcome to come is that of a single statement.
    bool awaits_one() const { return !plain_ && !pending_.is_empty() && !pending_.first()->of_many; }

    // Follows the outcome of the oldest thing sent that has none yet. `ok`: no error.
    // `command_tag`: of its last result, as PQcmdStatus has it; empty if there is none or it is not known.
    // `granted`: the columns of its only row that are true, the first one in the lowest bit; all of them if it has not one row.
    void gets(bool ok, std::string_view command_tag, uint32_t granted = ~0u);
    // Follows a server that is idle after everything sent. `in_transaction` is libpq's word, which is the truth.
    // Outcomes that have not come never will, and count as not known.
    void settles(bool in_transaction);

    // Both speak of what is committed, and not of what an open transaction has done so far.
    Loss loss() const { return kept_.lost().loss; }
    Kept::Lost lost() const { return kept_.lost(); }

    // Returns whether a statement of its owner ends by itself when it waits too long: one of time_outs is set, for the session or
    // for the open transaction.
    bool has_timeout() const;
    // Returns whether a text sets one for what stands behind it in the text.
    static bool sets_timeout(std::string_view sql, const Dialect& dialect);

    // Returns whether the session holds an advisory lock, as far as the texts show.
    bool holds_lock() const { return kept_.holds_lock(); }
    // Returns whether it has created something that is temporary if its search_path was never set, and names pg_temp.
    bool has_created() const { return kept_.has_created(); }

    // Returns whether its losses are such that the server can be asked what they come to.
    bool can_be_asked() const { return kept_.can_be_asked(); }
    // These do what Kept's functions of the same names do.
    template<class Visit>
    void each_custom_name(Visit visit) const {
        kept_.each_custom_name(visit);
    }
    void begin_account() { kept_.begin_account(); }
    void account(Act act, std::string_view key, std::string_view value, int8_t encoding) {
        kept_.account(act, key, value, encoding);
    }
    void end_account() { kept_.end_account(); }

    // Calls visit(Note&) for what a fresh session must be given, in an order that works: a prepared statement (Parse
    // if not by_sql), a setting's value (is_value), or a statement to run as it stands. The unnamed statement comes wherever it does,
    // although all else that is sent takes its place.
    template<class Visit>
    void each(Visit visit) const {
        kept_.each(visit);
    }

    // Calls visit(const char* key, Note*) behind all of these for each setting that they leave as a prepared statement's time had it, with
    // the note that it has now; null: its default.
    template<class Visit>
    void each_past(Visit visit) const {
        kept_.each_past(visit);
    }

    // Notes whether a revival could make a prepared statement. One that is left out is made when it is needed.
    void leave_out(Note& note, bool is_left_out) {
        note.is_left_out = is_left_out;
        note.has_stand_in = false;
        has_left_out_ |= is_left_out;
    }
    // Says what a text needs of a left-out statement: to execute it, or only that the server knows its name. The server refuses to
    // deallocate a statement that it does not know, and to prepare another one under a name that it knows.
    enum class Need : uint8_t { statement, name };
    // Calls visit(Note&) for each left-out statement.
    template<class Visit>
    void each_left_out(Visit visit) const {
        if (has_left_out_)
            each([&](Note& note) {
                if (note.is_left_out)
                    visit(note);
            });
    }
    // Calls visit(Note&, Need) for each left-out statement that this text needs, or the one of that name.
    template<class Visit>
    void each_left_out(std::string_view sql, Visit visit) const;
    template<class Visit>
    void each_left_out_named(const char* name, Need need, Visit visit) const {
        Note* note = has_left_out_ ? kept_.prepared(Note::compared(name ? name : "")) : nullptr;
        if (note && note->is_left_out)
            visit(*note, need);
    }
    bool has_left_out() const { return has_left_out_; }

    // Forgets the open transaction, which is rolled back.
    void rolls_back() { transaction_.rolls_back(kept_); }

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
    // Whether the result of an outcome to come can matter.
    bool awaits_result() const { return !pending_.is_empty(); }

private:
    void add(Notes& notes, Note* note);
    void shape_prepared();
    bool has_room(size_t bytes) const;
    void queue(Notes& notes, uint32_t statements);
    void note(Notes& notes, const Effect& effect, const Dialect& dialect, uint32_t depth);
    // `gives_result`: what is sent has the result of the statement, and not one of its own.
    void note_execution(Notes& notes, std::string_view name, const Parameters& parameters, uint32_t statement,
                        bool gives_result, uint32_t depth);
    Dialect now(Dialect dialect) const;
    const Note* prepared(const Notes& notes, std::string_view name) const;
    void replace_unnamed();
    bool is_pending() const { return plain_ || !pending_.is_empty(); }
    bool is_plain() const {
        return pending_.is_empty() && transaction_.is_empty() && kept_.is_empty() && !has_effective_ &&
               !has_unnamed_ && !awaits_sync_;
    }
    void succeed(Notes& notes, std::string_view command_tag, uint32_t granted);
    void fail(Notes& notes);
    void apply(Note* note, std::string_view command_tag, uint32_t granted);

    Kept kept_;
    Transaction transaction_;
    Notes pending_;      // sent, and the outcome has not come
    uint32_t plain_;     // things without a note sent before the first pending one
    bool has_effective_; // some statement is prepared whose execution has an effect
    bool has_unnamed_;   // an unnamed statement is prepared
    bool awaits_sync_;
    bool has_left_out_;
};

static_assert(sizeof(Session) <= 96);

template<class Visit>
void Session::each_left_out(std::string_view sql, Visit visit) const {
    if (!has_left_out_)
        return;
    read_sql(sql, {}, {}, [&](const Effect& effect) {
        bool executes = effect.act == Act::execute;
        bool is_named = executes || effect.act == Act::prepare || effect.act == Act::deallocate;
        Note* note = is_named ? Note::make(effect) : nullptr;
        if (!note)
            return;
        each_left_out_named(note->key().data(), executes ? Need::statement : Need::name, visit);
        Note::drop(note);
    });
}

} // namespace pqsweep
