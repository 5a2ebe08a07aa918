// Kept: what of a session counts, whatever becomes of a transaction, and what of it cannot be made again.
#pragma once

#include "shim/session/notes.hh"

namespace pqsweep {

// Why a session cannot be made again. In the order of precedence of what is told.
enum class Loss : uint8_t { none, temporary_table, advisory_lock, held_cursor, unclear, too_much };

// "it had a temporary table", to follow what was not done; empty for none.
std::string_view words_for(Loss loss);

// Whether what the later note does makes an end of the other one, or takes its place.
bool replaces(const Note& later, const Note& note);

class Kept {
public:
    // Takes effect now. The note is taken.
    void apply(Note* note);
    // Something is not known.
    void lose() { is_unclear_ = true; }
    // More than can be remembered.
    void give_up();
    bool is_given_up() const { return is_given_up_; }
    void start_again() { is_given_up_ = false; }

    struct Lost {
        Loss loss;
        std::string_view since; // the beginning of the statement that made it so; empty if that is not known
    };
    Lost lost() const;
    bool listens() const;
    size_t bytes() const { return notes_.bytes(); }
    bool is_empty() const { return notes_.is_empty() && !is_unclear_ && !is_given_up_; }
    void drop_all() { notes_.drop_all(); }

    // The prepared statement of that name; nullptr if there is none.
    Note* prepared(std::string_view name) const { return notes_.find(Act::prepare, name); }
    // A simple query, or another Parse, has taken the unnamed statement's place.
    void drop_unnamed();

    // As Session::each.
    template<class Visit>
    void each(Visit visit) const;

private:
    enum class Turn : uint8_t { early, late, last, never };
    static Turn turn_of(const Note& note);
    bool has_setting(std::string_view key) const;

    Notes notes_;
    bool is_unclear_;
    bool is_given_up_;
};

template<class Visit>
void Kept::each(Visit visit) const {
    for (Turn turn : {Turn::early, Turn::late, Turn::last})
        for (Note& note : notes_)
            if (turn_of(note) == turn)
                visit(note);
}

} // namespace pqsweep
