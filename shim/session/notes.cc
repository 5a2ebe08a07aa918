#include "shim/session/notes.hh"

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

} // namespace

Note* Note::make(const Effect& effect) {
    std::string_view before = effect.before, text = effect.text;
    Note* note = allocate(effect.act, effect.key.size() + before.size() + text.size() + 2);
    if (!note)
        return nullptr;
    char* key = reinterpret_cast<char*>(note + 1);
    note->by_sql = true;
    note->statement = effect.statement;
    note->key_size = static_cast<uint32_t>(fold_name(effect.key, is_setting(effect.act), key));
    note->text_size = static_cast<uint32_t>(before.size() + text.size());
    put(text, put(before, key + note->key_size + 1));
    return note;
}

Note* Note::make(Act act, std::string_view name, std::string_view text, size_t n, const unsigned* types) {
    size_t types_size = n * sizeof *types;
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

void Note::drop(Note* note) {
    free(note);
}

Note* Notes::find(Act act, std::string_view key) const {
    Note* found = nullptr;
    for (Note& note : *this)
        if (note.act == act && note.key() == key)
            found = &note;
    return found;
}

size_t Notes::bytes() const {
    size_t bytes = 0;
    for (const Note& note : *this)
        bytes += note.bytes();
    return bytes;
}

void Notes::append(Note* note) {
    note->next = nullptr;
    (first_ ? last_->next : first_) = note;
    last_ = note;
}

Note* Notes::take_first() {
    Note* note = first_;
    first_ = note->next;
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
    rest.first_ = note->next;
    rest.last_ = last_;
    note->next = nullptr;
    last_ = note;
    rest.drop_all();
}

} // namespace pqsweep
