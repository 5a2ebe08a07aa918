#include "shim/session/session.hh"

#include "shim/session/sql/time_outs.hh"

#include <cstring>

namespace pqsweep {

namespace {

bool is_trial(Act act) {
    return act == Act::try_lock || act == Act::try_lock_shared;
}

} // namespace

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

// A prepared statement can execute another one.
constexpr uint32_t most_depth = 4;

void Session::sends(std::string_view sql, const Dialect& dialect, const Parameters& parameters) {
    replace_unnamed();
    Notes notes{};
    Dialect read = now(dialect);
    uint32_t statements =
        read_sql(sql, read, parameters, [&](const Effect& effect) { note(notes, effect, read, 0); });
    queue(notes, statements);
}

// The server has these settings once all that was sent before has succeeded.
Dialect Session::now(Dialect dialect) const {
    for (const Note& note : pending_) {
        bool is_it = note.key() == "client_encoding" || note.key() == "standard_conforming_strings";
        dialect.is_doubtful |= is_control(note.act) || note.act == Act::unset_all ||
                               note.act == Act::discard_all ||
                               (is_setting(note.act) && (is_it || note.key().empty()));
    }
    return dialect;
}

void Session::note(Notes& notes, const Effect& effect, const Dialect& dialect, uint32_t depth) {
    Note* made = Note::make(effect);
    if (!made || effect.act != Act::execute) {
        if (made) {
            made->escapes = dialect.escapes;
            made->encoding = dialect.encoding;
        }
        has_effective_ |= effect.act == Act::prepare && !effect.is_harmless;
        return add(notes, made);
    }
    note_execution(notes, made->key(), Parameters(made->text()), effect.statement, effect.column >= 0, depth);
    Note::drop(made);
}

void Session::note_execution(Notes& notes, std::string_view name, const Parameters& parameters,
                             uint32_t statement, bool gives_result, uint32_t depth) {
    if (!has_effective_ || kept_.is_given_up())
        return;
    const Note* of = prepared(notes, name);
    if (of && of->is_harmless)
        return;
    if (!of || depth == most_depth)
        return add(notes, Note::make({Act::unclear, false, false, -1, statement, {}, {}, {}}));
    Dialect dialect;
    dialect.escapes = of->escapes;
    dialect.encoding = of->encoding;
    auto read = [&](const Effect& effect) {
        Effect now = effect;
        now.statement = statement;
        now.column = gives_result ? effect.column : -1;
        note(notes, now, dialect, depth + 1);
    };
    if (of->by_sql)
        read_prepared(of->text(), dialect, parameters, read);
    else
        read_sql(of->text(), dialect,
                 parameters.with_types(static_cast<int>(of->count), of->count ? of->types() : nullptr), read);
}

// As the server will have it when all that was sent before has succeeded.
const Note* Session::prepared(const Notes& notes, std::string_view name) const {
    const Note* found = kept_.prepared(name);
    auto look = [&](const Notes& sent) {
        for (const Note& note : sent) {
            if (note.is_void)
                continue;
            if (note.act == Act::prepare && note.key() == name)
                found = &note;
            else if (found && note.act != Act::prepare && replaces(note, *found))
                found = nullptr;
        }
    };
    look(pending_);
    look(notes);
    return found;
}

void Session::replace_unnamed() {
    if (!has_unnamed_)
        return;
    has_unnamed_ = false;
    kept_.drop_unnamed();
    for (Note& note : pending_)
        note.is_void |= note.act == Act::prepare && note.key().empty();
}

void Session::sends_prepare(const char* name, const char* sql, int n, const unsigned* types,
                            const Dialect& dialect) {
    std::string_view text = sql ? sql : "", key = name ? name : "";
    if (key.empty())
        replace_unnamed();
    bool has_effect = false;
    read_sql(text, now(dialect), {}, [&](const Effect&) { has_effect = true; });
    has_effective_ |= has_effect;
    has_unnamed_ |= key.empty();
    Notes notes{};
    Note* note = Note::make(Act::prepare, key, text, types && n > 0 ? static_cast<size_t>(n) : 0, types);
    if (note) {
        note->is_harmless = !has_effect;
        note->escapes = dialect.escapes;
        note->encoding = dialect.encoding;
    }
    add(notes, note);
    queue(notes, 0);
}

void Session::sends_execute(const char* name, const Parameters& parameters) {
    Notes notes{};
    note_execution(notes, Note::compared(name ? name : ""), parameters, 1, true, 0);
    queue(notes, 1);
}

void Session::sends_close(const char* name) {
    Notes notes{};
    add(notes, Note::make(Act::deallocate, name ? name : "", "", 0, nullptr));
    queue(notes, 0);
}

void Session::sends_encoding(const char* name) {
    std::string_view value = name ? name : "";
    Notes notes{};
    if (!value.empty() && value != "auto")
        add(notes, Note::make({Act::set, false, true, -1, 1, "client_encoding", {}, value}));
    queue(notes, 1);
}

void Session::sends_other() {
    Notes notes{};
    queue(notes, 0);
}

void Session::sends_call(int function) {
    constexpr int set_config = 2078, setseed = 1599, first_lock = 2880, last_lock = 2892,
                  first_of_users = 16384;
    Notes notes{};
    if (function == set_config || function == setseed || (function >= first_lock && function <= last_lock) ||
        function >= first_of_users)
        add(notes,
            Note::make({Act::unclear_at_once, false, false, -1, 1, {}, {}, "a function called by PQfn"}));
    queue(notes, 1);
}

void Session::discards() {
    plain_ = 0;
    if (pending_.is_empty())
        return;
    transaction_.lose_track(kept_);
    for (const Note& note : pending_)
        if (!is_control(note.act) && note.act != Act::create)
            kept_.lose();
    pending_.drop_all();
}

void Session::gets(bool ok, std::string_view command_tag, uint32_t granted) {
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
        ok ? succeed(notes, command_tag, granted) : fail(notes);
    }
}

void Session::syncs() {
    awaits_sync_ = is_pending();
    transaction_.ends_implicitly(kept_);
}

void Session::settles(bool in_transaction) {
    discards();
    awaits_sync_ = false;
    transaction_.settles(in_transaction, kept_);
}

void Session::succeed(Notes& notes, std::string_view command_tag, uint32_t granted) {
    if (!is_control(notes.first()->act))
        transaction_.succeeds();
    while (!notes.is_empty()) {
        Note* note = notes.take_first();
        apply(note, note->is_last ? command_tag : "", note->of_many ? ~0u : granted);
    }
}

void Session::apply(Note* note, std::string_view command_tag, uint32_t granted) {
    bool is_refused = is_trial(note->act) && note->column >= 0 && !(granted >> note->column & 1);
    if (note->is_void || is_refused)
        return Note::drop(note);
    if (is_control(note->act))
        return transaction_.control(note, command_tag, kept_);
    if (is_transactional(note->act))
        return transaction_.add(note);
    transaction_.drop_replaced(*note);
    if (!is_pending()) { // else they can be of what was sent since
        if (note->act == Act::discard_all)
            kept_.start_again();
        if (note->act == Act::discard_all || note->act == Act::deallocate_all)
            has_effective_ = has_unnamed_, has_left_out_ = false;
    }
    if (note->act == Act::prepare)
        shape_prepared();
    kept_.apply(note);
}

// The server has read the statement under the settings of the transaction, and else under those of the session: what is past is
// over for it.
void Session::shape_prepared() {
    transaction_.each_shaping([&](const Note& setting) {
        setting.act == Act::set_unknown ? kept_.lose() : kept_.shape(setting.key(), &setting);
    });
    kept_.each_past([&](const char* key, const Note* now) {
        if (!transaction_.setting(key))
            kept_.shape(key, now);
    });
    if (!has_room(0))
        kept_.give_up();
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
        case Act::try_lock:
        case Act::try_lock_shared:
        case Act::unclear_at_once:
            survives = true;
            break;
        case Act::prepare:
        case Act::deallocate:
        case Act::deallocate_all:
            survives |= several;
            break;
        default:;
        }
    }
    bool has_run = !transaction_.has_failed(); // in part; else the server refused the text
    while (!notes.is_empty()) {
        Note* note = notes.take_first();
        // A session advisory lock that a function has taken stays, and so does a custom setting.
        bool is_hidden = note->act == Act::hidden || note->act == Act::mention;
        if (has_run && is_hidden)
            kept_.apply(note);
        else if (has_run && note->act == Act::define)
            kept_.doubt_definition(note);
        else
            Note::drop(note);
    }
    if (several && controls) {
        if (acts)
            kept_.lose();
        transaction_.lose_track(kept_);
    } else if (survives && has_run) {
        kept_.lose();
    }
    bool ends_it = act == Act::commit || act == Act::commit_chain || act == Act::prepare_transaction;
    transaction_.fails(ends_it && !several, kept_);
}

bool Session::has_timeout() const {
    for (std::string_view name : time_outs::names) {
        const Note* note = pending_.setting(name);
        if (!note)
            note = transaction_.setting(name);
        if (!note)
            note = kept_.setting(name);
        if (note && note->act != Act::unset && time_outs::is_time(note->text()))
            return true;
    }
    return false;
}

bool Session::sets_timeout(std::string_view sql, const Dialect& dialect) {
    bool sets = false;
    read_sql(sql, dialect, {}, [&](const Effect& effect) {
        sets |= (effect.act == Act::set || effect.act == Act::set_local) && time_outs::is_one(effect.key) &&
                time_outs::is_time(effect.text);
    });
    return sets;
}

void Session::forget() {
    kept_.drop_all();
    transaction_.drop_all();
    pending_.drop_all();
    memset(static_cast<void*>(this), 0, sizeof *this);
}

} // namespace pqsweep
