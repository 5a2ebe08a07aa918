// Transaction: holds what was done in a transaction and counts once it commits, savepoints included. An implicit
// transaction holds what succeeded before the next Sync, or before the server is idle.
// Context: owner thread. errno: not kept. Locks: none.
#pragma once

#include "shim/session/kept.hh"
#include "shim/session/sql/parsing.hh"

namespace pqsweep {

class Transaction {
public:
    // Adds what a rollback undoes, and owns the note.
    void add(Note* note) { notes_.append(note); }
    // Drops what a later note replaces that counts at once.
    void drop_replaced(const Note& later);
    // Follows a command that begins or ends a transaction or a savepoint, and owns its note. `command_tag`: empty if
    // it is not known.
    void control(Note* note, std::string_view command_tag, Kept& kept);
    // Follows any other command that succeeded: the transaction had not failed before.
    void succeeds() { has_failed_ = false; }
    // Follows a command that failed. `ends_it`: the command was to commit the transaction, alone.
    void fails(bool ends_it, Kept& kept);
    // Commits an implicit transaction: all its outcomes are known.
    void ends_implicitly(Kept& kept);
    // Rolls back without a command: the session has ended.
    void rolls_back(Kept& kept) {
        roll_back(kept);
        is_open_ = has_failed_ = false;
    }
    // Takes the server's word for whether a transaction is open.
    void settles(bool is_open, Kept& kept);
    // Forgets what can have been committed or not.
    void lose_track(Kept& kept);

    bool has_failed() const { return has_failed_; }
    size_t bytes() const { return notes_.bytes(); }
    // Null if the transaction has neither set nor unset it.
    const Note* setting(std::string_view name) const { return notes_.setting(name); }
    // Calls visit(const Note&) for what it has set or unset of the settings that shape a statement which is prepared now.
    template<class Visit>
    void each_shaping(Visit visit) const;
    bool is_empty() const { return notes_.is_empty() && !is_open_ && !has_failed_; }
    void drop_all() { notes_.drop_all(); }

private:
    void savepoint(Note* note);
    void roll_back_to(const Note& note, Kept& kept);
    void release(const Note& note);
    void commit(Kept& kept);
    void roll_back(Kept& kept);
    bool has_effects() const;

    Notes notes_;
    bool is_open_;    // by BEGIN
    bool has_failed_; // known only as long as outcomes come
};

template<class Visit>
void Transaction::each_shaping(Visit visit) const {
    for (const Note& note : notes_)
        if (is_setting(note.act) && parsing::is_one(note.key()) && notes_.setting(note.key()) == &note)
            visit(note);
}

} // namespace pqsweep
