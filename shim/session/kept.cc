#include "shim/session/kept.hh"

#include "shim/base/fixed_text.hh"
#include "shim/session/sql/parsing.hh"

namespace pqsweep {

namespace {

bool is_custom(const Note& note) {
    return note.key().find('.') != std::string_view::npos;
}

bool is_lock(Act act) {
    return act == Act::lock || act == Act::lock_shared;
}

// Neither RESET ALL nor DISCARD ALL changes these.
bool is_of_transaction(const Note& note) {
    return is_setting(note.act) &&
           (note.key() == "transaction_isolation" || note.key() == "transaction_read_only" ||
            note.key() == "transaction_deferrable");
}

// Each half of a DateStyle stays as it is under a value that has only the other one.
bool is_half_a_date_style(const Note& note) {
    return note.act == Act::set && note.key() == "datestyle" &&
           note.text().find(',') == std::string_view::npos;
}

// They could cut the replay short.
bool is_time_out(const Note& note) {
    return note.act == Act::set &&
           (note.key() == "statement_timeout" || note.key() == "lock_timeout" ||
            note.key() == "idle_session_timeout" || note.key() == "transaction_timeout");
}

Loss loss_of(const Note& note) {
    switch (note.act) {
    case Act::create_temporary:
        return Loss::temporary_table;
    case Act::lock:
    case Act::lock_shared:
        return Loss::advisory_lock;
    case Act::hold:
        return Loss::held_cursor;
    case Act::listen:
        return Loss::listening;
    case Act::set_unknown:
    case Act::hidden:
    case Act::unclear:
        return Loss::unclear;
    default:
        return Loss::none;
    }
}

} // namespace

std::string_view words_for(Loss loss) {
    static constexpr FixedText<96> words[] = {
        "",
        "it had a temporary table",
        "it held a session advisory lock",
        "it had a cursor WITH HOLD",
        "it listened for notifications, and might have missed some",
        "its session state is not known for certain",
        "its prepared statements and settings took more than the 1 MB that pqsweep remembers of a session",
    };
    return words[static_cast<size_t>(loss)];
}

bool replaces(const Note& later, const Note& note) {
    std::string_view key = note.key();
    bool same = later.key() == key;
    switch (later.act) {
    case Act::set:
        if (same && is_half_a_date_style(later))
            return is_setting(note.act) && later.text() == note.text();
        [[fallthrough]];
    case Act::set_unknown:
    case Act::unset:
        // The server resets the role with the session's user.
        return is_setting(note.act) && (same || (later.key() == "session_authorization" && key == "role"));
    case Act::unset_all:
        return is_setting(note.act) && note.act != Act::define && key != "role" &&
               key != "session_authorization" && !is_of_transaction(note);
    case Act::listen:
    case Act::unlisten:
        return note.act == Act::listen && same;
    case Act::unlisten_all:
        return note.act == Act::listen;
    case Act::create_temporary:
    case Act::drop_temporary:
        return note.act == Act::create_temporary && same;
    case Act::drop_all_temporary:
        return note.act == Act::create_temporary;
    case Act::hold:
    case Act::close:
        return note.act == Act::hold && same;
    case Act::close_all:
        return note.act == Act::hold;
    case Act::prepare:
    case Act::deallocate:
        return note.act == Act::prepare && same;
    case Act::deallocate_all:
        return note.act == Act::prepare;
    case Act::load:
        return note.act == Act::load && same;
    case Act::unlock_all:
        return is_lock(note.act);
    case Act::discard_all:
        return note.act != Act::load && note.act != Act::define && !is_of_transaction(note);
    default:
        return false;
    }
}

void Kept::apply(Note* note) {
    if (note->act == Act::unset_all || note->act == Act::discard_all)
        for (Note& other : notes_)
            if (is_setting(other.act) && is_custom(other))
                other.act = Act::define;
    bool replaces_any = false; // of thousands of prepared statements, mostly none
    for (const Note& other : notes_)
        replaces_any = replaces_any || replaces(*note, other);
    if (replaces_any)
        drop_replaced(*note);
    bool stays = false;
    if (note->act == Act::try_lock || note->act == Act::try_lock_shared)
        note->act = note->act == Act::try_lock ? Act::lock : Act::lock_shared;
    switch (note->act) {
    case Act::unset:
    case Act::define:
        // A custom setting that was ever set is empty then, and not unknown.
        stays = is_custom(*note) ? !has_setting(note->key()) : has_past(note->key());
        break;
    case Act::unset_all:
        unset_past();
        break;
    case Act::set:
    case Act::set_unknown:
    case Act::listen:
    case Act::create_temporary:
    case Act::hold:
    case Act::prepare:
    case Act::load:
        stays = true;
        break;
    case Act::lock:
    case Act::lock_shared:
        if (Note* held = notes_.find(note->act, note->key()))
            held->count++;
        else
            stays = true;
        break;
    case Act::unlock:
    case Act::unlock_shared: {
        Note* held = notes_.find(note->act == Act::unlock ? Act::lock : Act::lock_shared, note->key());
        if (held && !held->key().empty() && held->count-- == 0)
            notes_.drop_if([&](const Note& other) { return &other == held; });
        break;
    }
    case Act::rename_temporary:
        if (!notes_.find(Act::create_temporary, note->key()))
            break;
        [[fallthrough]];
    case Act::unclear:
    case Act::unclear_at_once:
        stays = !is_unclear_; // for its text
        note->act = Act::unclear;
        is_unclear_ = true;
        break;
    case Act::hidden:
    case Act::create:
        stays = !notes_.find(note->act, ""); // the first is enough
        break;
    case Act::mention:
        stays = !notes_.find(Act::mention, note->key()) && has_room_for_mention();
        break;
    case Act::discard_all:
        is_unclear_ = false;
        break;
    default:;
    }
    if (stays && !is_given_up_)
        notes_.append(note);
    else
        Note::drop(note);
}

// A setting that shaped a prepared statement stays for that one's sake.
void Kept::drop_replaced(const Note& later) {
    const Note* last_prepared = nullptr;
    for (const Note& note : notes_)
        if (note.act == Act::prepare && !replaces(later, note))
            last_prepared = &note;
    bool is_followed = last_prepared;
    notes_.drop_if([&](Note& note) {
        is_followed &= &note != last_prepared;
        bool is_replaced = replaces(later, note);
        note.is_past |= is_replaced && is_followed && is_setting(note.act) && parsing::is_one(note.key());
        return is_replaced && !note.is_past;
    });
    bool is_prepared = later.act == Act::prepare;
    notes_.drop_if([&](const Note& note) { return note.is_past && !note.shapes_any(is_prepared); });
}

void Kept::shape(std::string_view key, const Note* setting) {
    const Note* last = nullptr;
    for (const Note& note : notes_)
        if (is_setting(note.act) && note.key() == key)
            last = &note;
    bool is_set = setting && setting->act != Act::unset, was_set = last && last->act != Act::unset;
    bool is_so = is_set == was_set && (!is_set || setting->text() == last->text());
    if (is_given_up_ || is_so)
        return;
    Note* past = setting ? Note::copy(*setting) : Note::make({Act::unset, false, false, -1, 0, key, {}, {}});
    if (!past)
        return give_up();
    past->act = past->act == Act::unset ? Act::unset : Act::set; // which can be the transaction's
    past->is_past = true;
    notes_.append(past);
}

void Kept::unset_past() {
    Notes unset{};
    each_past([&](const char* key, const Note*) {
        if (Note* note = Note::make({Act::unset, false, false, -1, 0, key, {}, {}}))
            unset.append(note);
    });
    while (!unset.is_empty())
        notes_.append(unset.take_first());
}

void Kept::doubt_definition(Note* note) {
    if (has_setting(note->key()))
        return Note::drop(note);
    if (Note* doubt = Note::make({Act::hidden, false, false, -1, 0, {}, {}, note->text()}))
        apply(doubt);
    note->act = Act::mention;
    apply(note);
}

void Kept::give_up() {
    is_given_up_ = true;
    notes_.drop_all();
}

Kept::Turn Kept::turn_of(const Note& note) {
    switch (note.act) {
    case Act::set:
        return is_time_out(note) ? Turn::late : Turn::early;
    case Act::prepare:
    case Act::load:
    case Act::unset:
    case Act::define:
        return Turn::early;
    default:
        return Turn::never;
    }
}

void Kept::drop_unnamed() {
    notes_.drop_if([](const Note& note) { return note.act == Act::prepare && note.key().empty(); });
}

Kept::Lost Kept::lost() const {
    Lost worst{is_given_up_ ? Loss::too_much : is_unclear_ ? Loss::unclear : Loss::none, {}};
    for (const Note& note : notes_) {
        Loss loss = loss_of(note);
        bool is_worse = loss != Loss::none && (worst.loss == Loss::none || loss < worst.loss);
        if (is_worse || (loss == worst.loss && worst.since.empty()))
            worst = {loss, note.text()};
    }
    return worst;
}

bool Kept::can_be_asked() const {
    bool has_loss = false;
    for (const Note& note : notes_) {
        bool is_named = note.act == Act::set_unknown && !note.key().empty();
        bool is_loss = loss_of(note) != Loss::none;
        if (is_loss && note.act != Act::hidden && !is_named)
            return false;
        has_loss |= is_loss;
    }
    return has_loss && !is_unclear_ && !is_given_up_;
}

bool Kept::names_custom_setting(const Note& note) {
    return note.act == Act::mention || (is_setting(note.act) && is_custom(note));
}

// The notes keep their order, in which statements were prepared under the settings of their time. What the account says of settings
// comes behind it. Until the account mentions them, settings and prepared statements are void. It does not mention the unnamed
// statement, those that a revival has left out, and the settings of a transaction.
void Kept::begin_account() {
    for (Note& note : notes_) {
        bool is_listed = note.act == Act::prepare && !note.key().empty() && !note.is_left_out;
        note.is_void = is_listed || (note.act == Act::set && !note.is_past && !is_of_transaction(note));
    }
}

void Kept::account(Act act, std::string_view key, std::string_view value, int8_t encoding) {
    Note* known = notes_.find(act, key);
    bool is_so = known && known->is_void;
    if (is_so && act == Act::set)
        is_so = known->is_value && known->text() == value && notes_.setting(key) == known;
    if (is_so) {
        known->is_void = false;
        return;
    }
    // The account has no text of a statement that a function has prepared.
    if (act == Act::prepare || (key == "search_path" && names_pg_temp(value)))
        act = Act::unclear;
    const Note* doubt = notes_.find(Act::hidden, "");
    if (act != Act::set && doubt)
        value = doubt->text();
    Note* note = Note::make({act, false, act == Act::set, -1, 0, key, {}, value});
    if (!note)
        return give_up();
    note->encoding = encoding;
    is_unclear_ |= act == Act::unclear;
    notes_.append(note);
}

void Kept::end_account() {
    Notes reset{}; // by a function
    const Note* last_prepared = nullptr;
    for (Note& note : notes_) {
        if (note.act == Act::prepare && !note.is_void)
            last_prepared = &note;
        if (note.act != Act::set || !note.is_void || notes_.setting(note.key()) != &note)
            continue;
        note.is_void = !is_custom(note);
        if (!note.is_void)
            continue;
        if (Note* unset = Note::make({Act::unset, false, false, -1, 0, note.key(), {}, {}}))
            reset.append(unset);
    }
    bool is_followed = last_prepared;
    notes_.drop_if([&](Note& note) {
        is_followed &= &note != last_prepared;
        note.is_past |= note.is_void && note.act == Act::set && is_followed && parsing::is_one(note.key());
        return note.act == Act::hidden || note.act == Act::mention || note.act == Act::set_unknown ||
               (note.is_void && !note.is_past);
    });
    for (Note& note : notes_)
        note.is_void = false;
    while (!reset.is_empty())
        notes_.append(reset.take_first());
}

bool Kept::has_setting(std::string_view key) const {
    for (const Note& note : notes_)
        if (is_setting(note.act) && note.key() == key)
            return true;
    return false;
}

bool Kept::has_past(std::string_view key) const {
    for (const Note& note : notes_)
        if (note.is_past && note.key() == key)
            return true;
    return false;
}

bool Kept::has_room_for_mention() const {
    int left = 64;
    for (const Note& note : notes_)
        left -= note.act == Act::mention;
    return left > 0;
}

bool Kept::holds_lock() const {
    for (const Note& note : notes_)
        if (is_lock(note.act))
            return true;
    return false;
}

} // namespace pqsweep
