// Transaction: what has been done in it and counts once it is committed, savepoints included. Also an implicit one, of
// what is sent before the outcome of all is known.
#pragma once

#include "shim/session/kept.hh"

namespace pqsweep {

class Transaction {
public:
    // What a rollback undoes. The note is taken.
    void add(Note* note) { notes_.append(note); }
    // What counts at once has been done.
    void drop_replaced(const Note& later);
    // A command that begins or ends a transaction or a savepoint. `command_tag`: empty when it is not known. The note
    // is taken.
    void control(Note* note, std::string_view command_tag, Kept& kept);
    // A command that does not control it: has succeeded, which tells that the transaction had not failed before.
    void succeeds() { has_failed_ = false; }
    // Some command failed. `ends_it`: one that was to commit it, alone.
    void fails(bool ends_it, Kept& kept);
    // All outcomes are known: an implicit one is committed.
    void ends_implicitly(Kept& kept);
    // It is rolled back by other means than a command.
    void rolls_back(Kept& kept) {
        roll_back(kept);
        is_open_ = has_failed_ = false;
    }
    // The server's word.
    void settles(bool is_open, Kept& kept);
    // It may have been committed, or not.
    void lose_track(Kept& kept);

    bool has_failed() const { return has_failed_; }
    size_t bytes() const { return notes_.bytes(); }
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
    bool has_failed_; // known only as long as the outcomes tell
};

} // namespace pqsweep
