// Kept: holds what counts in a session, whatever becomes of a transaction, and knows what of it can't be made again.
// Context: owner thread. errno: not kept. Locks: none.
#pragma once

#include "shim/session/notes.hh"

namespace pqsweep {

// Why a session can't be made again. Of several reasons the owner gets the first in this order.
enum class Loss : uint8_t { none, temporary_table, advisory_lock, held_cursor, listening, unclear, too_much };

// Returns "it had a temporary table", to follow what was not done; empty for none.
std::string_view words_for(Loss loss);

// Returns whether the later note ends what the other one did, or takes its place.
bool replaces(const Note& later, const Note& note);

class Kept {
public:
    // Lets the note take effect now, and owns it.
    void apply(Note* note);
    // The prepared statement that is applied next was made under this setting; null: under its default.
    void shape(std::string_view key, const Note* setting);
    // Notes that something is not known, by no statement in particular.
    void lose() { is_unclear_ = true; }
    // A text that failed can have defined the custom setting first. Lets the server be asked for it, and owns the note.
    void doubt_definition(Note* note);
    // Drops all notes: they are more than a session may remember.
    void give_up();
    bool is_given_up() const { return is_given_up_; }
    void start_again() { is_given_up_ = false; }

    struct Lost {
        Loss loss;
        std::string_view since; // the beginning of the statement that made it so; empty if that is not known
    };
    Lost lost() const;
    bool holds_lock() const;
    // This does what Session's function of the same name does.
    bool has_created() const { return notes_.find(Act::create, ""); }
    // Returns whether it has a loss, and the server can say what each one comes to.
    bool can_be_asked() const;

    // Calls visit(std::string_view) for each name that a custom setting of the session can have.
    template<class Visit>
    void each_custom_name(Visit visit) const {
        for (const Note& note : notes_)
            if (names_custom_setting(note))
                visit(note.key());
    }
    // Takes the server's account of the session, a line at a time, between a beginning and an end: it replaces what the texts left
    // open. `value`: of a setting; else empty.
    void begin_account();
    void account(Act act, std::string_view key, std::string_view value, int8_t encoding);
    void end_account();

    // Null if it was not set.
    const Note* setting(std::string_view name) const { return notes_.setting(name); }
    size_t bytes() const { return notes_.bytes(); }
    bool is_empty() const { return notes_.is_empty() && !is_unclear_ && !is_given_up_; }
    void drop_all() { notes_.drop_all(); }

    // Returns the prepared statement of that name; nullptr if there is none.
    Note* prepared(std::string_view name) const { return notes_.find(Act::prepare, name); }
    // Drops the unnamed statement, whose place a simple query or another Parse has taken.
    void drop_unnamed();

    // These do what Session's functions of the same names do.
    template<class Visit>
    void each(Visit visit) const;
    template<class Visit>
    void each_past(Visit visit) const;

private:
    enum class Turn : uint8_t { early, late, never };
    static Turn turn_of(const Note& note);
    bool has_setting(std::string_view key) const;
    bool has_past(std::string_view key) const;
    void drop_replaced(const Note& later);
    void unset_past();
    bool has_room_for_mention() const;
    static bool names_custom_setting(const Note& note);

    Notes notes_;
    bool is_unclear_;
    bool is_given_up_;
};

template<class Visit>
void Kept::each_past(Visit visit) const {
    for (const Note& note : notes_)
        if (note.is_past && !note.is_set_behind())
            visit(note.key().data(), notes_.setting(note.key()));
}

template<class Visit>
void Kept::each(Visit visit) const {
    for (Turn turn : {Turn::early, Turn::late})
        for (Note& note : notes_)
            if (turn_of(note) == turn)
                visit(note);
}

} // namespace pqsweep
