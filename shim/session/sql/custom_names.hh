// Custom names: finds in a text what can be the name of a custom setting, such as `app.tenant`: a name with a dot in it, alone in
// quotes or in the text, or behind SET.
// Context: any. Allocates nothing and never reads past the text.
#pragma once

#include "shim/session/sql/tokens.hh"

namespace pqsweep {

class CustomNames {
public:
    explicit CustomNames(std::string_view text) : text_(text) {}

    // Returns the next one; empty if there is none.
    std::string_view next() {
        while (at_ < text_.size()) {
            size_t start = at_;
            while (at_ < text_.size() && is_of_name(text_[at_]))
                at_++;
            std::string_view name(text_.data() + start, at_ - start);
            bool is_alone = is_bound(start - 1) && is_bound(at_);
            if (name.empty())
                at_++;
            else if (name.find('.') != name.npos && (is_alone || is_set_))
                return name;
            else
                is_set_ = ends_in_set(name) || (is_set_ && is_word(name, "session"));
        }
        return {};
    }

private:
    static bool is_of_name(char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    }
    static bool is_word(std::string_view name, std::string_view word) {
        return Token{Token::Kind::word, name}.is(word);
    }
    // In a string with escapes, SET can be behind one: E'begin\nset a.b = 1; end'.
    static bool ends_in_set(std::string_view name) {
        constexpr std::string_view set = "set";
        size_t before = name.size() < set.size() ? 0 : name.size() - set.size();
        return is_word({name.data() + before, name.size() - before}, set);
    }
    // Before the beginning is behind the end, too. The quote can be escaped.
    bool is_bound(size_t at) const { return at >= text_.size() || text_[at] == '\'' || text_[at] == '\\'; }

    std::string_view text_;
    size_t at_ = 0;
    bool is_set_ = false; // the last word
};

} // namespace pqsweep
