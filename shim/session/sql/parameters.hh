// Parameters: the values of $1, $2 and so on, as the owner thread binds them.
//
// Context: owner thread. Never reads past what it was given; allocates nothing.
#pragma once

#include "shim/session/sql/tokens.hh"

namespace pqsweep {

// What stands for an argument. Only a value that is known for certain has another kind than `unknown`.
struct Value {
    // text: the server's own, or what it reads as a value of a type that it infers; binary: the binary form of such a value.
    enum class Kind : uint8_t { unknown, null, text, binary, integer, boolean };
    using Digits = char[20];

    Kind kind = Kind::unknown;
    bool is_inferred = false; // its type
    int64_t number = 0;       // integer, boolean
    // The owner bound or wrote these, but for quotes. The view's data() is null if there are none.
    std::string_view bytes;

    // Returns the value of a constant; `unknown` for any other token, and for a string with quotes or escapes in it.
    static Value of(const Token& token);
    // Reads a text as a decimal integer, too.
    bool to_integer(int64_t& out) const;
    // By the server's rules for a boolean; null is false.
    bool to_boolean(bool& out) const;
    // Returns what the server casts it to as a text; the view's data() is null if that is not known.
    std::string_view as_text(Digits& buffer) const;
    // Returns the value if it has that type.
    Value of_type(unsigned type) const;
};

class Parameters {
public:
    Parameters() = default;
    // As PQexecParams takes them; every pointer can be null.
    Parameters(int count, const unsigned* types, const char* const* values, const int* lengths,
               const int* formats)
        : count_(count), types_count_(types ? count : 0), types_(types), values_(values), lengths_(lengths),
          formats_(formats) {}
    // The arguments of an EXECUTE, as written, with their parentheses.
    explicit Parameters(std::string_view list) : list_(list) {}

    // `types` of the prepared statement that these are for. The server infers those behind them.
    Parameters with_types(int count, const unsigned* types) const {
        Parameters typed = *this;
        typed.types_count_ = types ? count : 0;
        typed.types_ = types;
        return typed;
    }
    // `list`: the types as a PREPARE has them, with their parentheses.
    Parameters with_types(std::string_view list) const {
        Parameters typed = *this;
        typed.type_list_ = list;
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
    unsigned type_of(int i) const;

    int count_ = 0;
    int types_count_ = 0;
    const unsigned* types_ = nullptr;
    const char* const* values_ = nullptr;
    const int* lengths_ = nullptr;
    const int* formats_ = nullptr;
    std::string_view list_;
    std::string_view type_list_;
};

} // namespace pqsweep
