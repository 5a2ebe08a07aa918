#include "shim/session/transaction.hh"

namespace pqsweep {

void Transaction::drop_replaced(const Note& later) {
    notes_.drop_if([&](const Note& note) { return replaces(later, note); });
}

void Transaction::control(Note* note, std::string_view command_tag, Kept& kept) {
    Act act = note->act;
    switch (act) {
    case Act::begin:
        // Whether the transaction has what came before it depends on a Sync that is not seen here.
        if (!is_open_ && !note->of_many && has_effects()) {
            notes_.append(note);
            note = nullptr;
        }
        is_open_ = true;
        break;
    case Act::commit:
    case Act::commit_chain:
        (command_tag.empty() ? has_failed_ : command_tag == "ROLLBACK") ? roll_back(kept) : commit(kept);
        is_open_ &= act == Act::commit_chain;
        has_failed_ = false;
        break;
    case Act::rollback:
    case Act::rollback_chain:
        is_open_ || note->of_many ? roll_back(kept) : lose_track(kept);
        is_open_ &= act == Act::rollback_chain;
        has_failed_ = false;
        break;
    case Act::prepare_transaction:
        command_tag == "ROLLBACK" ? roll_back(kept) : lose_track(kept);
        is_open_ = has_failed_ = false;
        break;
    case Act::savepoint:
        return savepoint(note);
    case Act::rollback_to:
        roll_back_to(*note, kept);
        break;
    default:
        release(*note);
    }
    if (note)
        Note::drop(note);
}

void Transaction::savepoint(Note* note) {
    Note* last = notes_.last();
    if (!last || last->act != Act::savepoint || last->key() != note->key())
        return notes_.append(note);
    last->count++; // a program can set the same one over and over
    Note::drop(note);
}

void Transaction::roll_back_to(const Note& note, Kept& kept) {
    has_failed_ = false;
    if (Note* savepoint = notes_.find(Act::savepoint, note.key()))
        notes_.drop_behind(savepoint);
    else
        lose_track(kept);
}

void Transaction::release(const Note& note) {
    Note* savepoint = notes_.find(Act::savepoint, note.key());
    if (!savepoint)
        return;
    bool is_inner = false, stays = savepoint->count > 0;
    if (stays)
        savepoint->count--;
    notes_.drop_if([&](const Note& other) {
        bool is_it = &other == savepoint;
        is_inner |= is_it;
        return is_inner && other.act == Act::savepoint && !(is_it && stays);
    });
}

void Transaction::fails(bool ends_it, Kept& kept) {
    if (!is_open_)
        return roll_back(kept);
    bool ends = ends_it && !has_failed_;
    if (ends)
        roll_back(kept);
    is_open_ = !ends;
    has_failed_ = !ends;
}

void Transaction::ends_implicitly(Kept& kept) {
    if (!is_open_)
        commit(kept);
}

void Transaction::settles(bool is_open, Kept& kept) {
    if (is_open_ != is_open) {
        lose_track(kept);
        is_open_ = is_open;
        has_failed_ = false;
    }
    ends_implicitly(kept);
}

void Transaction::commit(Kept& kept) {
    while (!notes_.is_empty())
        kept.apply(notes_.take_first());
}

void Transaction::roll_back(Kept& kept) {
    if (notes_.find(Act::begin, ""))
        lose_track(kept);
    notes_.drop_all();
}

void Transaction::lose_track(Kept& kept) {
    if (has_effects())
        kept.lose();
    notes_.drop_all();
}

bool Transaction::has_effects() const {
    for (const Note& note : notes_)
        if (!is_control(note.act) && note.act != Act::set_local)
            return true;
    return false;
}

} // namespace pqsweep
