// Parameters: the values of $1, $2 and so on, as the owner thread binds them.
//
// Context: owner thread. Never reads past what it was given; allocates nothing.
#pragma once

#include "shim/session/sql/tokens.hh"

namespace pqsweep {

// What stands for an argument. Only a value that is known for certain has another kind than `unknown`.
struct Value {
    enum class Kind : uint8_t { unknown, null, text, integer };
    Kind kind = Kind::unknown;
    int64_t number = 0; // integer: came in binary
    // The value as a text, if the server takes it for one: without quotes. Its data() is null if there is none.
    std::string_view bytes;

    // Returns the value of a constant; `unknown` for any other token, and for a string with quotes or escapes in it.
    static Value of(const Token& token);
    // Reads a text as a decimal integer, too.
    bool to_integer(int64_t& out) const;
    // By the server's rules for a boolean; null is false.
    bool to_boolean(bool& out) const;
};

class Parameters {
public:
    Parameters() = default;
    // As PQexecParams takes them; every pointer can be null.
    Parameters(int count, const unsigned* types, const char* const* values, const int* lengths,
               const int* formats)
        : count_(count), types_(types), values_(values), lengths_(lengths), formats_(formats) {}
    // The arguments of an EXECUTE, as written, with their parentheses.
    explicit Parameters(std::string_view list) : list_(list) {}

    // `types` of the prepared statement that these are for.
    Parameters with_types(int count, const unsigned* types) const {
        Parameters typed = *this;
        typed.types_ = count >= count_ ? types : nullptr;
        return typed;
    }

    // The value of a token such as `$2`.
    Value of(const Token& parameter) const;
    // Calls visit(std::string_view) for each value that is known as a text, and for the arguments of an EXECUTE as a whole.
    template<class Visit>
    void each_text(Visit visit) const {
        visit(list_);
        for (int i = 0; i < count_; i++)
            visit(bound(i).bytes);
    }

private:
    Value bound(int i) const;
    Value listed(int i) const;

    int count_ = 0;
    const unsigned* types_ = nullptr;
    const char* const* values_ = nullptr;
    const int* lengths_ = nullptr;
    const int* formats_ = nullptr;
    std::string_view list_;
};

} // namespace pqsweep
