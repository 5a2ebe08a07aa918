#include "session.hh"

#include <cstdlib>
#include <cstring>

namespace pqsweep {

namespace {

// What executing a prepared statement may do: which one is executed is not known, only its command tag is.
enum Hazard : uint8_t {
    controls = 1,
    sets = 2,
    creates = 4,
    holds = 8,
    locks = 16,
    configures = 32,
    hides = 64
};

uint8_t hazard_of(const Effect& effect) {
    if (is_control(effect.act))
        return controls;
    switch (effect.act) {
    case Act::create_temporary:
        return creates;
    case Act::hold:
        return holds;
    case Act::lock:
    case Act::lock_shared:
        return locks;
    case Act::set_unknown:
        return configures;
    case Act::unclear:
    case Act::unclear_at_once:
        return hides;
    case Act::drop_temporary:
    case Act::drop_all_temporary:
    case Act::close:
    case Act::close_all:
    case Act::unlock:
    case Act::unlock_shared:
    case Act::unlock_all:
        return 0; // unseen, these leave a loss standing that is none any more
    default:
        return effect.before.starts_with("SELECT") ? configures : sets;
    }
}

bool is_setting(Act act) {
    return act == Act::set || act == Act::set_unknown || act == Act::unset;
}

// An empty tag may be any.
template<size_t N>
bool may_be(std::string_view tag, const std::string_view (&commands)[N]) {
    for (std::string_view command : commands)
        if (tag.starts_with(command))
            return true;
    return tag.empty();
}

char* put(std::string_view text, char* to) {
    if (!text.empty())
        memcpy(to, text.data(), text.size());
    return to + text.size();
}

} // namespace

std::string_view words_for(Loss loss) {
    constexpr std::string_view words[] = {
        "",
        "it had a temporary table",
        "it held a session advisory lock",
        "it had a cursor WITH HOLD",
        "its session state is not known for certain",
        "its session state was too much to remember",
    };
    return words[static_cast<size_t>(loss)];
}

void Session::List::append(Note* note) {
    note->next = nullptr;
    (first ? last->next : first) = note;
    last = note;
}

Session::Note* Session::List::take_first() {
    Note* note = first;
    first = note->next;
    if (!first)
        last = nullptr;
    return note;
}

Session::Note* Session::allocate(Act act, size_t bytes) {
    bool needed =
        act == Act::discard_all || (is_control(act) && bytes <= 2); // keeps track even past the limit
    if (!needed && sizeof(Note) + bytes + bytes_ > most_bytes)
        overflow();
    if (!needed && too_much_)
        return nullptr;
    auto* note = static_cast<Note*>(calloc(1, sizeof(Note) + bytes));
    if (!note) {
        overflow();
        return nullptr;
    }
    note->act = act;
    note->size = static_cast<uint32_t>(sizeof(Note) + bytes);
    bytes_ += note->size;
    return note;
}

Session::Note* Session::make(const Effect& effect) {
    std::string_view before = effect.before, text = effect.text;
    Note* note = allocate(effect.act, effect.key.size() + before.size() + text.size() + 2);
    if (!note)
        return nullptr;
    note->by_sql = true;
    note->key_size = static_cast<uint32_t>(fold_name(effect.key, is_setting(effect.act), note->key_start()));
    note->text_size = static_cast<uint32_t>(before.size() + text.size());
    put(text, put(before, note->key_start() + note->key_size + 1));
    return note;
}

Session::Note* Session::make(Act act, std::string_view name, std::string_view text, size_t n,
                             const unsigned* types) {
    Note* note = allocate(act, n * sizeof *types + name.size() + text.size() + 2);
    if (!note)
        return nullptr;
    note->count = static_cast<uint32_t>(n);
    note->key_size = static_cast<uint32_t>(name.size());
    note->text_size = static_cast<uint32_t>(text.size());
    put({reinterpret_cast<const char*>(types), n * sizeof *types}, reinterpret_cast<char*>(note->types()));
    put(text, put(name, note->key_start()) + 1);
    return note;
}

void Session::drop(Note* note) {
    bytes_ -= note->size;
    free(note);
}

void Session::drop_all(List& list) {
    while (list.first)
        drop(list.take_first());
}

template<class Predicate>
void Session::drop_if(List& list, Predicate predicate) {
    List rest{};
    while (list.first) {
        Note* note = list.take_first();
        if (predicate(*note))
            drop(note);
        else
            rest.append(note);
    }
    list = rest;
}

Session::Note* Session::find(Act act, std::string_view key) const {
    for (Note* note = kept_.first; note; note = note->next)
        if (note->act == act && note->key() == key)
            return note;
    return nullptr;
}

void Session::overflow() {
    too_much_ = true;
    drop_all(kept_);
    drop_all(provisional_);
}

void Session::queue(List& notes, uint32_t statements) {
    if (!notes.first)
        return queue_plain();
    for (Note* note = notes.first; note; note = note->next) {
        note->is_last = note->plain_next == statements;
        note->of_many = statements > 1;
        note->plain_next = 0;
    }
    notes.last->closes_text = true;
    while (notes.first)
        pending_.append(notes.take_first());
}

void Session::queue_plain() {
    (pending_.last ? pending_.last->plain_next : plain_)++;
}

void Session::sends(std::string_view sql) {
    List notes{};
    uint32_t statements = read_sql(sql, [&](const Effect& effect) {
        if (effect.later) {
            hazards_ |= hazard_of(effect);
        } else if (effect.act != Act::execute || hazards_) {
            if (Note* note = make(effect)) {
                note->plain_next = effect.statement; // until it is queued
                notes.append(note);
            }
        }
    });
    queue(notes, statements);
}

void Session::sends_prepare(const char* name, const char* sql, int n, const unsigned* types) {
    std::string_view text = sql ? sql : "";
    read_sql(text, [&](const Effect& effect) { hazards_ |= hazard_of(effect); });
    List notes{};
    if (name && *name)
        if (Note* note = make(Act::prepare, name, text, types && n > 0 ? static_cast<size_t>(n) : 0, types))
            notes.append(note);
    queue(notes, 0);
}

void Session::sends_close(const char* name) {
    List notes{};
    if (name && *name)
        if (Note* note = make(Act::deallocate, name, "", 0, nullptr))
            notes.append(note);
    queue(notes, 0);
}

void Session::sends_other() {
    List notes{};
    if (hazards_)
        if (Note* note = make(Act::execute, "", "", 0, nullptr))
            notes.append(note);
    queue(notes, 0);
}

void Session::gets(bool ok, std::string_view command_tag) {
    if (plain_) {
        plain_--;
        if (!ok && in_transaction_)
            failed_ = true;
        else if (!ok && provisional_.first)
            lose_track();
    } else if (pending_.first) {
        List notes{};
        do
            notes.append(pending_.take_first());
        while (!notes.last->closes_text);
        plain_ = notes.last->plain_next;
        ok ? succeed(notes, command_tag) : fail(notes);
    }
    // While others are pending, their failure may yet undo what is provisional without a transaction of its own.
    if (provisional_.first && !in_transaction_ && !plain_ && !pending_.first)
        commit();
}

void Session::settles(bool in_transaction) {
    plain_ = 0;
    if (pending_.first) {
        bool lost = has_provisional();
        for (Note* note = pending_.first; note; note = note->next)
            lost |= !is_control(note->act);
        drop_all(pending_);
        drop_all(provisional_);
        unclear_ |= lost;
    }
    if (in_transaction_ != in_transaction) {
        lose_track();
        in_transaction_ = in_transaction;
        failed_ = false;
    } else if (!in_transaction_ && provisional_.first) {
        commit();
    }
}

void Session::succeed(List& notes, std::string_view command_tag) {
    if (!is_control(notes.first->act))
        failed_ = false;
    while (notes.first) {
        Note* note = notes.take_first();
        if (is_control(note->act))
            control(note, note->is_last ? command_tag : "");
        else if (note->act == Act::execute)
            executed(note->is_last ? command_tag : ""), drop(note);
        else if (is_transactional(note->act))
            provisional_.append(note);
        else
            at_once(note);
    }
}

void Session::fail(List& notes) {
    Act act = notes.first->act;
    bool several = notes.first->of_many;
    bool controls = false, acts = false, survives = false;
    for (Note* note = notes.first; note; note = note->next) {
        controls |= is_control(note->act);
        acts |= !is_control(note->act);
        switch (note->act) {
        case Act::lock:
        case Act::lock_shared:
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
    drop_all(notes);
    if (several && controls) {
        unclear_ |= acts;
        lose_track();
    } else if (survives && !failed_) {
        unclear_ = true;
    }
    bool ends =
        !several && (act == Act::commit || act == Act::commit_chain || act == Act::prepare_transaction);
    if (in_transaction_ && ends && !failed_) {
        roll_back();
        in_transaction_ = false;
    } else if (in_transaction_) {
        failed_ = true;
    } else if (provisional_.first) {
        lose_track();
    }
}

void Session::control(Note* note, std::string_view command_tag) {
    switch (note->act) {
    case Act::begin:
        // Whether the transaction has what came before it depends on a Sync that is not seen here.
        if (!in_transaction_ && !note->of_many && has_provisional()) {
            provisional_.append(note);
            note = nullptr;
        }
        in_transaction_ = true;
        break;
    case Act::commit:
    case Act::commit_chain:
        (command_tag.empty() ? failed_ : command_tag == "ROLLBACK") ? roll_back() : commit();
        in_transaction_ = in_transaction_ && note->act == Act::commit_chain;
        failed_ = false;
        break;
    case Act::rollback:
    case Act::rollback_chain:
        in_transaction_ || note->of_many ? roll_back() : lose_track();
        in_transaction_ = in_transaction_ && note->act == Act::rollback_chain;
        failed_ = false;
        break;
    case Act::prepare_transaction:
        command_tag == "ROLLBACK" ? roll_back() : lose_track();
        in_transaction_ = false;
        failed_ = false;
        break;
    default:
        return end_savepoint(note);
    }
    if (note)
        drop(note);
}

void Session::end_savepoint(Note* note) {
    Note* savepoint = nullptr;
    for (Note* other = provisional_.first; other; other = other->next)
        if (other->act == Act::savepoint && other->key() == note->key())
            savepoint = other;
    if (note->act == Act::savepoint) {
        if (savepoint && savepoint == provisional_.last)
            savepoint->count++; // a program may set the same one over and over
        else
            return provisional_.append(note);
    } else if (note->act == Act::rollback_to) {
        failed_ = false;
        if (savepoint) {
            List rest{savepoint->next, provisional_.last};
            provisional_.last = savepoint;
            savepoint->next = nullptr;
            drop_all(rest);
        } else {
            lose_track();
        }
    } else if (savepoint) {
        bool inner = false, outer = savepoint->count > 0;
        if (outer)
            savepoint->count--;
        drop_if(provisional_, [&](const Note& other) {
            bool is_it = &other == savepoint;
            inner |= is_it;
            return inner && other.act == Act::savepoint && !(is_it && outer);
        });
    }
    drop(note);
}

void Session::at_once(Note* note) {
    std::string_view key = note->key();
    auto is_closed = [&](const Note& other) {
        return other.act == Act::hold && (note->act == Act::close_all || other.key() == key);
    };
    switch (note->act) {
    case Act::close:
    case Act::close_all:
        drop_if(kept_, is_closed);
        drop_if(provisional_, is_closed);
        break;
    case Act::prepare:
    case Act::load:
        if (Note* old = find(note->act, key))
            drop_if(kept_, [&](const Note& other) { return &other == old; });
        return keep(note);
    case Act::deallocate:
        drop_if(kept_, [&](const Note& other) { return other.act == Act::prepare && other.key() == key; });
        break;
    case Act::deallocate_all:
        drop_if(kept_, [&](const Note& other) { return other.act == Act::prepare; });
        break;
    case Act::lock:
    case Act::lock_shared:
        if (Note* held = find(note->act, key))
            held->count++;
        else
            return keep(note);
        break;
    case Act::unlock:
    case Act::unlock_shared:
        if (Note* held = find(note->act == Act::unlock ? Act::lock : Act::lock_shared, key);
            held && !key.empty() && held->count-- == 0)
            drop_if(kept_, [&](const Note& other) { return &other == held; });
        break;
    case Act::unlock_all:
        drop_if(kept_,
                [&](const Note& other) { return other.act == Act::lock || other.act == Act::lock_shared; });
        break;
    case Act::discard_all:
        discard_all();
        break;
    default:
        unclear_ = true;
    }
    drop(note);
}

void Session::discard_all() {
    drop_if(kept_, [](const Note& note) { return note.act != Act::load; });
    drop_all(provisional_);
    unclear_ = false;
    if (!pending_.first && !plain_) { // else they may be of what was sent since
        too_much_ = false;
        hazards_ = 0;
    }
}

// Which prepared statement it was is not known.
void Session::executed(std::string_view tag) {
    constexpr std::string_view begins[] = {"BEGIN", "START TRANSACTION"};
    constexpr std::string_view commits[] = {"COMMIT"};
    constexpr std::string_view ends[] = {"ROLLBACK", "PREPARE TRANSACTION"};
    constexpr std::string_view setters[] = {"SET",     "RESET",      "LISTEN", "UNLISTEN",
                                            "PREPARE", "DEALLOCATE", "LOAD",   "DISCARD"};
    constexpr std::string_view creators[] = {"CREATE", "SELECT"};
    constexpr std::string_view declarers[] = {"DECLARE"};
    constexpr std::string_view callers[] = {"SELECT", "CALL", "DO"};
    if (hazards_ & controls && !tag.empty()) {
        if (may_be(tag, begins)) {
            in_transaction_ = true;
        } else if (may_be(tag, commits)) {
            commit();
            in_transaction_ = false;
        } else if (may_be(tag, ends)) {
            lose_track(); // to a savepoint, perhaps
            failed_ = false;
        }
    }
    if (hazards_ & sets && tag == "DISCARD ALL")
        return discard_all();
    if (hazards_ & sets && may_be(tag, setters))
        unclear_ = true;
    if (hazards_ & creates && may_be(tag, creators))
        keep_keyless(Act::create_temporary);
    if (hazards_ & holds && may_be(tag, declarers))
        keep_keyless(Act::hold);
    if (hazards_ & locks && may_be(tag, callers))
        keep_keyless(Act::lock);
    if (hazards_ & configures && may_be(tag, callers))
        keep_keyless(Act::set_unknown);
    if (hazards_ & hides && may_be(tag, callers))
        unclear_ = true;
}

void Session::keep_keyless(Act act) {
    if (Note* note = make(act, "", "", 0, nullptr))
        keep(note);
}

// Makes a transactional note count, or adds one that counts at once.
void Session::keep(Note* note) {
    std::string_view key = note->key();
    auto drop_same = [&](Act act, bool all) {
        drop_if(kept_, [&](const Note& other) { return other.act == act && (all || other.key() == key); });
    };
    bool stays = !too_much_;
    switch (note->act) {
    case Act::set:
    case Act::set_unknown:
        forget_setting(key);
        break;
    case Act::listen:
    case Act::create_temporary:
    case Act::hold:
        drop_same(note->act, false);
        break;
    case Act::unset:
        forget_setting(key);
        stays = false;
        break;
    case Act::unset_all:
        drop_if(kept_, [](const Note& other) {
            return is_setting(other.act) && other.key() != "role" && other.key() != "session_authorization";
        });
        stays = false;
        break;
    case Act::unlisten:
    case Act::unlisten_all:
        drop_same(Act::listen, note->act == Act::unlisten_all);
        stays = false;
        break;
    case Act::drop_temporary:
    case Act::drop_all_temporary:
        drop_same(Act::create_temporary, note->act == Act::drop_all_temporary);
        stays = false;
        break;
    case Act::unclear:
        unclear_ = true;
        stays = false;
        break;
    case Act::savepoint:
    case Act::begin:
        stays = false;
        break;
    default:;
    }
    if (stays)
        kept_.append(note);
    else
        drop(note);
}

void Session::forget_setting(std::string_view key) {
    bool with_role = key == "session_authorization"; // the server resets it too
    drop_if(kept_, [&](const Note& other) {
        return is_setting(other.act) && (other.key() == key || (with_role && other.key() == "role"));
    });
}

void Session::commit() {
    while (provisional_.first)
        keep(provisional_.take_first());
}

void Session::roll_back() {
    for (Note* note = provisional_.first; note; note = note->next)
        unclear_ |= note->act == Act::begin;
    drop_all(provisional_);
}

// What is provisional may have been kept, or not.
void Session::lose_track() {
    unclear_ |= has_provisional();
    drop_all(provisional_);
}

bool Session::has_provisional() const {
    for (const Note* note = provisional_.first; note; note = note->next)
        if (note->act != Act::savepoint && note->act != Act::begin)
            return true;
    return false;
}

bool Session::listens() const {
    const Note* note = kept_.first;
    while (note && note->act != Act::listen)
        note = note->next;
    return note != nullptr;
}

Loss Session::loss() const {
    uint8_t worst = too_much_ ? 5 : 6;
    auto found = [&](Loss loss) {
        if (static_cast<uint8_t>(loss) < worst)
            worst = static_cast<uint8_t>(loss);
    };
    if (unclear_)
        found(Loss::unclear);
    for (const Note* note = kept_.first; note; note = note->next) {
        switch (note->act) {
        case Act::create_temporary:
            found(Loss::temporary_table);
            break;
        case Act::lock:
        case Act::lock_shared:
            found(Loss::advisory_lock);
            break;
        case Act::hold:
            found(Loss::held_cursor);
            break;
        case Act::set_unknown:
            found(Loss::unclear);
            break;
        default:;
        }
    }
    return worst == 6 ? Loss::none : Loss(worst);
}

void Session::forget() {
    drop_all(kept_);
    drop_all(provisional_);
    drop_all(pending_);
    memset(static_cast<void*>(this), 0, sizeof *this);
}

bool Session::is_empty() const {
    return !kept_.first && !provisional_.first && !pending_.first && !plain_ && !hazards_ && !unclear_ &&
           !too_much_ && !in_transaction_ && !failed_;
}

} // namespace pqsweep
