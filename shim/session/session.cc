#include "shim/session/session.hh"

#include <cstring>

namespace pqsweep {

void Session::add(Notes& notes, Note* note) {
    // These keep track, even past the limit.
    bool is_needed =
        note && (note->act == Act::discard_all || (is_control(note->act) && note->key().empty()));
    if (is_needed || (note && has_room(notes.bytes() + note->bytes())))
        return notes.append(note);
    if (note)
        Note::drop(note);
    kept_.give_up();
    transaction_.drop_all();
}

bool Session::has_room(size_t bytes) const {
    return !kept_.is_given_up() &&
           bytes + kept_.bytes() + transaction_.bytes() + pending_.bytes() <= most_bytes;
}

void Session::queue(Notes& notes, uint32_t statements) {
    if (notes.is_empty()) {
        (pending_.is_empty() ? plain_ : pending_.last()->plain_behind)++;
        return;
    }
    for (Note& note : notes) {
        note.is_last = note.statement == statements;
        note.of_many = statements > 1;
    }
    notes.last()->closes_text = true;
    while (!notes.is_empty())
        pending_.append(notes.take_first());
}

void Session::sends(std::string_view sql) {
    Notes notes{};
    uint32_t statements = read_sql(sql, [&](const Effect& effect) {
        if (effect.later)
            hazards_.add(effect);
        else if (effect.act != Act::execute || hazards_.any())
            add(notes, Note::make(effect));
    });
    queue(notes, statements);
}

void Session::sends_prepare(const char* name, const char* sql, int n, const unsigned* types) {
    std::string_view text = sql ? sql : "";
    read_sql(text, [&](const Effect& effect) { hazards_.add(effect); });
    Notes notes{};
    if (name && *name)
        add(notes, Note::make(Act::prepare, name, text, types && n > 0 ? static_cast<size_t>(n) : 0, types));
    queue(notes, 0);
}

void Session::sends_close(const char* name) {
    Notes notes{};
    if (name && *name)
        add(notes, Note::make(Act::deallocate, name, "", 0, nullptr));
    queue(notes, 0);
}

void Session::sends_other() {
    Notes notes{};
    if (hazards_.any())
        add(notes, Note::make(Act::execute, "", "", 0, nullptr));
    queue(notes, 0);
}

void Session::gets(bool ok, std::string_view command_tag) {
    if (plain_) {
        plain_--;
        if (!ok)
            transaction_.fails(false, kept_);
    } else if (!pending_.is_empty()) {
        Notes notes{};
        do
            notes.append(pending_.take_first());
        while (!notes.last()->closes_text);
        plain_ = notes.last()->plain_behind;
        ok ? succeed(notes, command_tag) : fail(notes);
    }
    // While others are pending, their failure may yet undo what is done without a transaction of its own.
    if (!is_pending())
        transaction_.ends_implicitly(kept_);
}

void Session::settles(bool in_transaction) {
    plain_ = 0;
    if (!pending_.is_empty()) {
        transaction_.lose_track(kept_);
        for (const Note& note : pending_)
            if (!is_control(note.act))
                kept_.lose();
        pending_.drop_all();
    }
    transaction_.settles(in_transaction, kept_);
}

void Session::succeed(Notes& notes, std::string_view command_tag) {
    if (!is_control(notes.first()->act))
        transaction_.succeeds();
    while (!notes.is_empty()) {
        Note* note = notes.take_first();
        std::string_view tag = note->is_last ? command_tag : "";
        if (note->act == Act::execute)
            executed(note, tag);
        else
            apply(note, tag);
    }
}

void Session::apply(Note* note, std::string_view command_tag) {
    if (is_control(note->act))
        return transaction_.control(note, command_tag, kept_);
    if (is_transactional(note->act))
        return transaction_.add(note);
    transaction_.drop_replaced(*note);
    if (note->act == Act::discard_all && !is_pending()) { // else they may be of what was sent since
        kept_.start_again();
        hazards_ = {};
    }
    kept_.apply(note);
}

void Session::executed(Note* note, std::string_view command_tag) {
    Note::drop(note);
    hazards_.each(command_tag, [&](Act act) {
        if (Note* done = Note::make(act, "", "", 0, nullptr))
            apply(done, command_tag);
        else
            kept_.lose();
    });
}

void Session::fail(Notes& notes) {
    Act act = notes.first()->act;
    bool several = notes.first()->of_many;
    bool controls = false, acts = false, survives = false;
    for (const Note& note : notes) {
        (is_control(note.act) ? controls : acts) = true;
        switch (note.act) {
        case Act::lock:
        case Act::lock_shared:
        case Act::unclear_at_once:
            survives = true;
            break;
        case Act::execute:
            survives |= hazards_.may_survive();
            break;
        case Act::prepare:
        case Act::deallocate:
        case Act::deallocate_all:
            survives |= several;
            break;
        default:;
        }
    }
    notes.drop_all();
    if (several && controls) {
        if (acts)
            kept_.lose();
        transaction_.lose_track(kept_);
    } else if (survives && !transaction_.has_failed()) {
        kept_.lose();
    }
    bool ends_it = act == Act::commit || act == Act::commit_chain || act == Act::prepare_transaction;
    transaction_.fails(ends_it && !several, kept_);
}

void Session::forget() {
    kept_.drop_all();
    transaction_.drop_all();
    pending_.drop_all();
    memset(static_cast<void*>(this), 0, sizeof *this);
}

} // namespace pqsweep
