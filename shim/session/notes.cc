#include "shim/session/notes.hh"

#include "shim/base/text.hh"
#include "shim/session/sql/tokens.hh"

#include <cstdlib>
#include <cstring>

namespace pqsweep {

namespace {

Note* allocate(Act act, size_t bytes) {
    auto* note = static_cast<Note*>(calloc(1, sizeof(Note) + bytes));
    if (note)
        note->act = act;
    return note;
}

char* put(std::string_view text, char* to) {
    if (!text.empty())
        memcpy(to, text.data(), text.size());
    return to + text.size();
}

// The server cuts these.
bool is_named(Act act) {
    switch (act) {
    case Act::set:
    case Act::set_unknown:
    case Act::unset:
    case Act::set_local:
    case Act::lock:
    case Act::lock_shared:
    case Act::try_lock:
    case Act::try_lock_shared:
    case Act::unlock:
    case Act::unlock_shared:
    case Act::load:
        return false;
    default:
        return true;
    }
}

} // namespace

Note* Note::make(const Effect& effect) {
    std::string_view before = effect.before, text = effect.text;
    Note* note = allocate(effect.act, effect.key.size() + before.size() + text.size() + 2);
    if (!note)
        return nullptr;
    char* key = reinterpret_cast<char*>(note + 1);
    note->by_sql = true;
    note->is_value = effect.is_value;
    note->column = static_cast<int8_t>(effect.column < 32 ? effect.column : -1);
    note->statement = effect.statement;
    size_t size = fold_name(effect.key, is_setting(effect.act), key);
    if (is_named(effect.act))
        size = utf8_prefix({key, size}, Note::compared({key, size}).size()).size();
    note->is_harmless = effect.is_harmless;
    note->key_size = static_cast<uint32_t>(size);
    note->text_size = static_cast<uint32_t>(before.size() + text.size());
    key[size] = 0;
    put(text, put(before, key + size + 1))[0] = 0;
    return note;
}

Note* Note::make(Act act, std::string_view name, std::string_view text, size_t n, const unsigned* types) {
    size_t types_size = n * sizeof *types;
    name = compared(name);
    Note* note = allocate(act, types_size + name.size() + text.size() + 2);
    if (!note)
        return nullptr;
    note->count = static_cast<uint32_t>(n);
    note->key_size = static_cast<uint32_t>(name.size());
    note->text_size = static_cast<uint32_t>(text.size());
    char* key = put({reinterpret_cast<const char*>(types), types_size}, reinterpret_cast<char*>(note + 1));
    put(text, put(name, key) + 1);
    return note;
}

Note* Note::copy(const Note& note) {
    auto* copy = static_cast<Note*>(calloc(1, note.bytes()));
    if (copy)
        memcpy(static_cast<void*>(copy), &note, note.bytes());
    return copy;
}

void Note::drop(Note* note) {
    free(note);
}

bool Note::is_set_behind() const {
    for (const Note* note = next; note; note = note->next)
        if (is_setting(note->act) && note->key() == key())
            return true;
    return false;
}

bool Note::shapes_any(bool is_prepared) const {
    for (const Note* note = next; note; note = note->next) {
        if (note->act == Act::prepare)
            return true;
        if (is_setting(note->act) && note->key() == key())
            return false;
    }
    return is_prepared;
}

Note* Notes::find(Act act, std::string_view key) const {
    Note* found = nullptr;
    for (Note& note : *this)
        if (note.act == act && note.key() == key && !note.is_past)
            found = &note;
    return found;
}

const Note* Notes::setting(std::string_view key) const {
    const Note* found = nullptr;
    for (const Note& note : *this)
        if (is_setting(note.act) && note.act != Act::define && note.key() == key && !note.is_past)
            found = &note;
    return found;
}

void Notes::append(Note* note) {
    note->next = nullptr;
    (first_ ? last_->next : first_) = note;
    last_ = note;
    bytes_ += note->bytes();
}

Note* Notes::take_first() {
    Note* note = first_;
    first_ = note->next;
    bytes_ -= note->bytes();
    if (!first_)
        last_ = nullptr;
    return note;
}

void Notes::drop_all() {
    while (first_)
        Note::drop(take_first());
}

void Notes::drop_behind(Note* note) {
    Notes rest{};
    while (first_ != note)
        rest.append(take_first());
    rest.append(take_first());
    drop_all();
    *this = rest;
}

} // namespace pqsweep
