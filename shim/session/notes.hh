// Notes: lists of what texts do to their session, from when they are sent until they count no more. A list owns its
// notes, has no constructor and no destructor, and is empty when all its bytes are zero.
// Context: owner thread. errno: not kept. Locks: none. Allocates with calloc().
#pragma once

#include "shim/session/sql/sql.hh"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pqsweep {

struct Note {
    Note* next;
    uint32_t key_size;  // the NUL not counted
    uint32_t text_size; // the NUL not counted
    uint32_t count;     // savepoint, lock: of equal ones beside it. prepare: of types, unless by_sql
    int8_t column;      // try_lock: as in Effect
    int8_t encoding;    // as in Dialect, and the same below
    uint32_t statement; // which one of its text, until it is sent
    uint32_t
        plain_behind; // closes_text: how many things without a note were sent between this one and the next
    Act act;
    bool by_sql : 1;       // prepare: by a statement, not through libpq
    bool closes_text : 1;  // the last note of one thing sent
    bool is_last : 1;      // of the text's last statement
    bool of_many : 1;      // the text has several statements
    bool is_value : 1;     // set: the text is the value
    bool is_harmless : 1;  // prepare: its execution has no effect
    bool escapes : 1;      // as in Dialect
    bool is_left_out : 1;  // prepare: a revival could not make it
    bool has_stand_in : 1; // left out: an empty statement has its name
    bool is_void : 1;      // pending, and ended by something sent since
    bool is_past : 1;      // set, unset: over, but a prepared statement behind it was made under it

    // Returns nullptr if there is no memory. Notes free what they drop; drop() frees a note of no list.
    static Note* make(const Effect& effect);
    static Note* make(Act act, std::string_view name, std::string_view text, size_t n, const unsigned* types);
    static Note* copy(const Note& note);
    static void drop(Note* note);
    // Returns as much of a name as the server compares.
    static std::string_view compared(std::string_view name) {
        return {name.data(), name.size() < 63 ? name.size() : 63};
    }

    const unsigned* types() const { return reinterpret_cast<const unsigned*>(this + 1); }
    size_t types_size() const { return by_sql ? 0 : count * sizeof(unsigned); }
    const char* key_start() const { return reinterpret_cast<const char*>(this + 1) + types_size(); }
    // Both end in a NUL byte behind the view.
    std::string_view key() const { return {key_start(), key_size}; }
    std::string_view text() const { return {key_start() + key_size + 1, text_size}; }
    size_t bytes() const { return sizeof(Note) + types_size() + key_size + text_size + 2; }

    // In a list: return whether a note behind this one sets or unsets the same setting, and whether a statement is prepared before that,
    // if one `is_prepared` at the list's end.
    bool is_set_behind() const;
    bool shapes_any(bool is_prepared) const;
};

class Notes {
public:
    class Iterator {
    public:
        explicit Iterator(Note* note) : note_(note) {}
        Note& operator*() const { return *note_; }
        Iterator& operator++() {
            note_ = note_->next;
            return *this;
        }
        bool operator==(const Iterator&) const = default;

    private:
        Note* note_;
    };
    Iterator begin() const { return Iterator(first_); }
    Iterator end() const { return Iterator(nullptr); }

    bool is_empty() const { return !first_; }
    // Each returns nullptr if the list is empty.
    Note* first() const { return first_; }
    Note* last() const { return last_; }
    // Returns the last note of these that is not past; nullptr if there is none.
    Note* find(Act act, std::string_view key) const;
    // Returns the last note that sets or unsets it and is not past.
    const Note* setting(std::string_view key) const;
    size_t bytes() const { return bytes_; }

    void append(Note* note);
    Note* take_first(); // there is one
    void drop_all();
    void drop_behind(Note* note);
    // Drops those for which predicate(const Note&) returns true, called for each in order.
    template<class Predicate>
    void drop_if(Predicate predicate);

private:
    Note* first_;
    Note* last_;
    size_t bytes_;
};

template<class Predicate>
void Notes::drop_if(Predicate predicate) {
    Notes rest{};
    while (first_) {
        Note* note = take_first();
        if (predicate(*note))
            Note::drop(note);
        else
            rest.append(note);
    }
    *this = rest;
}

} // namespace pqsweep
