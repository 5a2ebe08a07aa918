// Reader: walks through a text, statement by statement and token by token, and reports what the statements do.
// Context: any. It allocates nothing and never reads past the text.
#pragma once

#include "shim/base/text.hh"
#include "shim/session/sql/sql.hh"
#include "shim/session/sql/tokens.hh"

namespace pqsweep {

class Reader {
public:
    Reader(std::string_view sql, const Dialect& dialect, const Parameters& parameters, VisitEffect visit,
           void* visitor)
        : tokens_(sql, dialect.escapes), end_(sql.data() + sql.size()), dialect_(dialect),
          parameters_(parameters), visit_(visit), visitor_(visitor), behind_(sql.data()) {}

    // Goes to the first token of the next statement. Returns false if there is none.
    bool next_statement();
    uint32_t statements() const { return statements_; }

    // Returns the next token to read. At the statement's end that is what ends it, and no step goes past.
    const Token& now() const { return now_; }
    bool at_end() const { return now_.kind == Token::Kind::end || (depth_ == 0 && now_.is(';')); }
    // Not inside parentheses.
    bool at_top() const { return depth_ == 0; }
    // A copy, that reads on behind now().
    Tokens ahead() const { return tokens_; }

    void step() {
        if (at_end())
            return;
        if (now_.kind == Token::Kind::symbol)
            nest(now_.is('(') ? 1 : now_.is(')') && depth_ > 0 ? -1 : 0);
        behind_ = now_.text.data() + now_.text.size();
        tokens_.next(now_);
    }
    // Semicolons do not end the statement while this is above 0. It counts parentheses by itself.
    void nest(int by) { depth_ += by; }
    // Each steps over the next token if it is that, and returns whether it was.
    bool accept(std::string_view lower_case_word);
    bool accept(char symbol);

    // Steps over a name with its qualifiers, and returns it; empty if there is none.
    std::string_view name();
    // Steps to the statement's end. Returns all of the statement.
    std::string_view whole();
    // Returns what was stepped over since now() started there.
    std::string_view since(const char* start) const {
        return start < behind_ ? between(start, behind_) : std::string_view();
    }

    // Passes an effect on to the visitor. An effect of a statement that is only prepared is not passed on: it makes the
    // statement one that is not harmless.
    void report(Act act, std::string_view key = {}, std::string_view text = {},
                std::string_view before = {}) {
        report({act, false, false, -1, statements_, key, before, text});
    }
    void report_value(std::string_view key, std::string_view value) {
        report({Act::set, false, true, -1, statements_, key, {}, value});
    }
    // Reports what setting that name does, whatever becomes of its value.
    void report_name(std::string_view key) {
        if (key.find('.') != key.npos)
            report(Act::define, key, excerpt());
    }
    // Reports a setting that is the transaction's, if it matters before that ends.
    void report_local(std::string_view key, std::string_view text, std::string_view before,
                      bool is_value = false);
    // Reports doubt if the value names pg_temp.
    void report_temporary(std::string_view value);
    // Reports that the statement does something that no text shows, and what it can name in doing so.
    void report_hidden();
    void report_lock(Act act, std::string_view key, int column) {
        report({act, false, false, is_explained ? -1 : column, statements_, key, {}, {}});
    }
    // Reports an EXECUTE that now() is at.
    void report_execution(std::string_view key, std::string_view list) {
        bool is_statement = now_.text.data() == start_;
        report({Act::execute, false, false, is_statement ? 0 : -1, statements_, key, {}, list});
    }
    void report_prepared(std::string_view key, std::string_view text) {
        report({Act::prepare, is_harmless_, false, -1, statements_, key, {}, text});
    }
    void begin_prepared() { is_prepared_ = is_harmless_ = true; }
    void end_prepared() { is_prepared_ = false; }
    bool is_explained = false; // the statement's result is another one
    const Parameters& parameters() const { return parameters_; }
    // The tokens of a part of the text.
    Tokens tokens_of(std::string_view part) const { return Tokens(part, dialect_.escapes); }

private:
    void report(const Effect& effect) {
        if (is_prepared_) {
            is_harmless_ = false;
            return;
        }
        Effect reported = effect;
        if (is_loss(reported.act))
            reported.text = excerpt();
        visit_(visitor_, reported);
    }

    // The statement's beginning, for people.
    std::string_view excerpt() const {
        constexpr size_t most = 120;
        return utf8_prefix(between(start_, end_), most);
    }

    Tokens tokens_;
    const char* end_;
    const Dialect& dialect_;
    const Parameters& parameters_;
    VisitEffect visit_;
    void* visitor_;
    Token now_{};
    const char* start_ = nullptr; // of the statement
    const char* behind_;          // the last token before now_
    int depth_ = 0;
    uint32_t statements_ = 0;
    bool is_prepared_ = false;
    bool is_harmless_ = false;
};

} // namespace pqsweep
