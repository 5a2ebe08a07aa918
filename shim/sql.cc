#include "sql.hh"

#include <cstring>

namespace pqsweep {

namespace {

enum Class : uint8_t { other = 0, blank = 1, starts_word = 2, digit = 4, dollar = 8 };

struct Classes {
    uint8_t of[256];
    constexpr Classes() : of{} {
        for (int c = 0; c < 256; c++) {
            bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
            of[c] = letter ? starts_word : c >= '0' && c <= '9' ? digit : c == '$' ? dollar : other;
        }
        for (char c : {' ', '\t', '\n', '\r', '\f', '\v'})
            of[static_cast<unsigned char>(c)] = blank;
    }
};
constexpr Classes classes;

uint8_t class_of(char c) {
    return classes.of[static_cast<unsigned char>(c)];
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

const char* find(const char* from, const char* end, char c) {
    const void* found = from < end ? memchr(from, c, static_cast<size_t>(end - from)) : nullptr;
    return found ? static_cast<const char*>(found) : end;
}

std::string_view between(const char* from, const char* to) {
    return {from, static_cast<size_t>(to - from)};
}

} // namespace

bool Token::is(std::string_view word) const {
    if (kind != Kind::word || text.size() != word.size())
        return false;
    for (size_t i = 0; i < word.size(); i++)
        if (lower(text[i]) != word[i])
            return false;
    return true;
}

void Tokens::skip_blank() {
    while (at_ < end_) {
        if (class_of(*at_) & blank) {
            at_++;
        } else if (*at_ == '-' && end_ - at_ > 1 && at_[1] == '-') {
            at_ = find(at_, end_, '\n');
        } else if (*at_ == '/' && end_ - at_ > 1 && at_[1] == '*') {
            at_ += 2;
            for (int depth = 1; depth && at_ < end_; at_++) {
                int step = end_ - at_ < 2                   ? 0
                           : at_[0] == '/' && at_[1] == '*' ? 1
                           : at_[0] == '*' && at_[1] == '/' ? -1
                                                            : 0;
                depth += step;
                at_ += step != 0;
            }
        } else {
            return;
        }
    }
}

void Tokens::skip_word() {
    while (at_ < end_ && class_of(*at_) & (starts_word | digit | dollar))
        at_++;
}

// at_ is behind the opening quote.
void Tokens::skip_string(bool escapes) {
    for (;;) {
        if (!escapes) {
            at_ = find(at_, end_, '\'');
        } else {
            while (at_ < end_ && *at_ != '\'')
                at_ += *at_ == '\\' && end_ - at_ > 1 ? 2 : 1;
        }
        if (at_ == end_)
            return;
        at_++;
        if (at_ < end_ && *at_ == '\'') {
            at_++;
            continue;
        }
        // A string goes on in the next line, by the rules of its start.
        const char* next = at_;
        bool newline = false;
        for (; next < end_ && class_of(*next) & blank; next++)
            newline |= *next == '\n' || *next == '\r';
        if (!newline || next == end_ || *next != '\'')
            return;
        at_ = next + 1;
    }
}

bool Tokens::skip_dollar_string() {
    const char* tag = at_ + 1;
    if (tag < end_ && class_of(*tag) & starts_word)
        while (tag < end_ && class_of(*tag) & (starts_word | digit))
            tag++;
    if (tag == end_ || *tag != '$')
        return false;
    std::string_view delimiter = between(at_, tag + 1);
    for (at_ = find(tag + 1, end_, '$'); at_ < end_; at_ = find(at_ + 1, end_, '$')) {
        if (between(at_, end_).starts_with(delimiter)) {
            at_ += delimiter.size();
            break;
        }
    }
    return true;
}

Token Tokens::next() {
    skip_blank();
    const char* start = at_;
    auto token = [&](Token::Kind kind) { return Token{kind, between(start, at_)}; };
    if (at_ == end_)
        return token(Token::Kind::end);
    char c = *at_;
    uint8_t kind = class_of(c);
    if (kind & starts_word) {
        skip_word();
        bool prefix = at_ < end_ && *at_ == '\'' && at_ - start == 1 &&
                      std::string_view("exbn").find(lower(c)) != std::string_view::npos;
        if (!prefix)
            return token(Token::Kind::word);
        at_++;
        skip_string(lower(c) == 'e');
        return token(Token::Kind::string);
    }
    if (kind & digit) {
        skip_word();
        return token(Token::Kind::number);
    }
    if (c == '$' && end_ - at_ > 1 && class_of(at_[1]) & digit) {
        at_++;
        skip_word();
        return token(Token::Kind::parameter);
    }
    if (c == '$' && skip_dollar_string())
        return token(Token::Kind::string);
    at_++;
    if (c == '\'') {
        skip_string(false);
        return token(Token::Kind::string);
    }
    if (c == '"') {
        do
            at_ = find(at_, end_, '"');
        while (end_ - at_ > 1 && at_[1] == '"' && (at_ += 2));
        at_ += at_ < end_;
        return token(Token::Kind::quoted);
    }
    return token(Token::Kind::symbol);
}

namespace {

// Functions that act on the session.
struct Function {
    std::string_view name;
    Act act;
};
constexpr Function functions[] = {
    {"set_config", Act::set},
    {"pg_advisory_lock", Act::lock},
    {"pg_try_advisory_lock", Act::lock},
    {"pg_advisory_lock_shared", Act::lock_shared},
    {"pg_try_advisory_lock_shared", Act::lock_shared},
    {"pg_advisory_unlock", Act::unlock},
    {"pg_advisory_unlock_shared", Act::unlock_shared},
    {"pg_advisory_unlock_all", Act::unlock_all},
};

const Function* function_named(const Token& token) {
    std::string_view name = token.text;
    if (token.kind == Token::Kind::quoted && name.size() > 2)
        name = {name.data() + 1, name.size() - 2};
    else if (token.kind != Token::Kind::word)
        return nullptr;
    if (name.size() < 10 || (lower(name[0]) != 'p' && lower(name[0]) != 's'))
        return nullptr;
    for (const Function& function : functions)
        if (Token{Token::Kind::word, name}.is(function.name))
            return &function;
    return nullptr;
}

bool is_plain_string(const Token& token) {
    return token.kind == Token::Kind::string && token.text.size() > 1 && token.text[0] == '\'' &&
           token.text.back() == '\'' && token.text.find('\n') == token.text.npos;
}

// `token` is behind an opening parenthesis; it becomes what follows the closing one. False when there is none.
bool skip_parentheses(Tokens& tokens, Token& token) {
    for (int depth = 1; depth > 0; token = tokens.next()) {
        if (token.kind == Token::Kind::end)
            return false;
        depth += token.is('(') ? 1 : token.is(')') ? -1 : 0;
    }
    return true;
}

// Each call in such a statement is made once, and none depends on a table.
bool is_list_of_calls(std::string_view statement) {
    Tokens tokens(statement);
    if (!tokens.next().is("select"))
        return false;
    Token token{};
    do {
        token = tokens.next();
        if (token.is("pg_catalog") && tokens.next().is('.'))
            token = tokens.next();
        if (!function_named(token) || !tokens.next().is('('))
            return false;
        token = tokens.next();
        if (!skip_parentheses(tokens, token))
            return false;
        if (token.is("as") && tokens.next().is_name())
            token = tokens.next();
    } while (token.is(','));
    return token.kind == Token::Kind::end;
}

// Of a function's call: tokens are behind its opening parenthesis.
struct Arguments {
    std::string_view text;
    uint32_t count = 0;
    Token first{}; // each, if it is a single token
    Token second{};
    Token third{};
    bool constant = true; // as far as the text tells

    explicit Arguments(Tokens tokens) {
        Token token = tokens.next();
        const char* start = token.text.data();
        Token* const places[] = {&first, &second, &third};
        uint32_t size = 0; // tokens of this argument
        int depth = 0;
        for (Token last{}; token.kind != Token::Kind::end; last = token, token = tokens.next()) {
            depth += token.is('(') ? 1 : token.is(')') ? -1 : 0;
            if (depth < 0)
                break;
            if (token.is(',') && depth == 0) {
                count++;
                size = 0;
                continue;
            }
            if (count < 3)
                *places[count] = size == 0 ? token : Token{};
            size++;
            if (token.kind == Token::Kind::parameter || token.kind == Token::Kind::quoted)
                constant = false;
            if (token.kind == Token::Kind::word && !last.is(':') && !token.is("hashtext") &&
                !token.is("hashtextextended"))
                constant = false;
        }
        text = between(start, token.text.data());
        count += !text.empty();
    }
};

// What a text that a DO statement runs, or a string in it, does to the session: nothing that shows, or what.
constexpr Act nothing = Act::begin;

Act hidden(std::string_view body, int depth) {
    Tokens tokens(body);
    bool starts = true, commits = false;
    Act found = nothing;
    auto add = [&](Act act) { found = act > found ? act : found; };
    Token token = tokens.next();
    for (Token next{}; token.kind != Token::Kind::end; token = next) {
        next = tokens.next();
        for (std::string_view word : {"temp", "temporary", "pg_temp", "listen", "unlisten"})
            if (token.is(word))
                add(Act::unclear);
        if (starts && (token.is("reset") || (token.is("set") && !next.is("local"))))
            add(Act::unclear);
        if (const Function* function = function_named(token))
            add(function->act == Act::set ? Act::unclear : Act::unclear_at_once);
        commits |= token.is("commit");
        if (token.kind == Token::Kind::string) {
            size_t open = (token.text[0] == '$' ? token.text.find('$', 1) : token.text.find('\'')) + 1;
            std::string_view inner(token.text.data() + open, token.text.size() - open);
            add(depth < 8 ? hidden(inner, depth + 1) : Act::unclear_at_once);
        }
        starts = token.is(';') || token.is("begin") || token.is("then") || token.is("else") ||
                 token.is("loop") || token.text == "''";
    }
    return found != nothing && commits ? Act::unclear_at_once : found;
}

class Reader {
public:
    Reader(std::string_view sql, void (*visit)(void*, const Effect&), void* visitor)
        : tokens_(sql), visit_(visit), visitor_(visitor) {}

    uint32_t read();

private:
    struct Command {
        std::string_view word;
        void (Reader::*reads)();
    };
    static const Command commands[];

    // now_ stays at the statement's end.
    bool at_end() const { return now_.kind == Token::Kind::end || (depth_ == 0 && now_.is(';')); }
    void step();
    bool accept(std::string_view word);
    bool accept(char symbol);
    std::string_view rest();
    std::string_view name();
    std::string_view temporary_name();
    void tell(Act act, std::string_view key = {}, std::string_view text = {}, std::string_view before = {});

    void other();
    void into();
    void calls(std::string_view statement);
    void call(const Function& function, const Arguments& arguments, std::string_view text, bool plain);
    void set();
    bool set_session();
    void set_value(std::string_view key, bool is_default);
    void modes();
    void reset();
    void listen();
    void unlisten();
    void prepare();
    void deallocate();
    void execute();
    void discard();
    void begin();
    void start();
    void commit();
    void rollback();
    void savepoint();
    void release();
    void create();
    void create_temporary();
    void drop();
    void declare();
    void close();
    void do_block();
    void load();
    bool chains();

    Tokens tokens_;
    void (*visit_)(void*, const Effect&);
    void* visitor_;
    Token now_{};
    const char* start_ = nullptr;  // of the statement
    const char* behind_ = nullptr; // the last token before now_
    int depth_ = 0;
    uint32_t statements_ = 0;
    bool later_ = false;
};

constinit const Reader::Command Reader::commands[] = {
    {"abort", &Reader::rollback},      {"begin", &Reader::begin},     {"close", &Reader::close},
    {"commit", &Reader::commit},       {"create", &Reader::create},   {"deallocate", &Reader::deallocate},
    {"declare", &Reader::declare},     {"discard", &Reader::discard}, {"do", &Reader::do_block},
    {"drop", &Reader::drop},           {"end", &Reader::commit},      {"execute", &Reader::execute},
    {"listen", &Reader::listen},       {"load", &Reader::load},       {"prepare", &Reader::prepare},
    {"release", &Reader::release},     {"reset", &Reader::reset},     {"rollback", &Reader::rollback},
    {"savepoint", &Reader::savepoint}, {"set", &Reader::set},         {"start", &Reader::start},
    {"unlisten", &Reader::unlisten},
};

uint32_t Reader::read() {
    for (;;) {
        depth_ = 0;
        do
            now_ = tokens_.next();
        while (now_.is(';'));
        if (now_.kind == Token::Kind::end)
            return statements_;
        statements_++;
        later_ = false;
        start_ = now_.text.data();
        behind_ = start_;
        void (Reader::*reads)() = &Reader::other;
        for (const Command& command : commands) {
            if (command.word[0] == lower(*start_) && now_.is(command.word)) {
                reads = command.reads;
                break;
            }
        }
        (this->*reads)();
        while (!at_end())
            step();
        if (now_.kind == Token::Kind::end)
            return statements_;
    }
}

void Reader::step() {
    if (at_end())
        return;
    if (now_.is('('))
        depth_++;
    else if (now_.is(')') && depth_ > 0)
        depth_--;
    behind_ = now_.text.data() + now_.text.size();
    now_ = tokens_.next();
}

bool Reader::accept(std::string_view word) {
    bool is_it = now_.is(word);
    if (is_it)
        step();
    return is_it;
}

bool Reader::accept(char symbol) {
    bool is_it = !at_end() && now_.is(symbol);
    if (is_it)
        step();
    return is_it;
}

// The statement's text, once all of it is read.
std::string_view Reader::rest() {
    while (!at_end())
        step();
    return between(start_, behind_);
}

// A name with its qualifiers; empty when there is none.
std::string_view Reader::name() {
    const char* from = now_.text.data();
    if (!now_.is_name())
        return {};
    do
        step();
    while (accept('.') && now_.is_name());
    return between(from, behind_);
}

// The schema is left out: temporary things have only one.
std::string_view Reader::temporary_name() {
    if (accept("pg_temp"))
        accept('.');
    return name();
}

void Reader::tell(Act act, std::string_view key, std::string_view text, std::string_view before) {
    visit_(visitor_, {act, later_, statements_, key, before, text});
}

// Any command: one with calls is read twice.
void Reader::other() {
    const char* from = now_.text.data();
    bool found = false;
    for (; !at_end(); step()) {
        if (!now_.is_name() || now_.text.size() < 4)
            continue;
        char initial = lower(now_.text[0]);
        if (initial == 's' || initial == 'p' || initial == '"') {
            found |= function_named(now_) != nullptr;
        } else if (now_.is("insert") || now_.is("merge")) {
            step();
            accept("into");
        } else if (now_.is("into")) {
            step();
            into();
        }
    }
    if (found)
        calls(between(from, behind_));
}

void Reader::into() {
    if (!accept("local"))
        accept("global");
    bool is_temporary = now_.is("pg_temp");
    if (!is_temporary && !accept("temp") && !accept("temporary"))
        return;
    accept("table");
    tell(Act::create_temporary, temporary_name());
}

void Reader::calls(std::string_view statement) {
    bool plain = is_list_of_calls(statement);
    Tokens tokens(statement);
    int depth = 0;
    for (Token token = tokens.next(); token.kind != Token::Kind::end; token = tokens.next()) {
        depth += token.is('(') ? 1 : token.is(')') ? -1 : 0;
        const Function* function = function_named(token);
        Tokens rest = tokens;
        if (!function || !rest.next().is('('))
            continue;
        Arguments arguments(rest);
        const char* end = arguments.text.data() + arguments.text.size();
        const char* statement_end = statement.data() + statement.size();
        call(*function, arguments, between(token.text.data(), end < statement_end ? end + 1 : end),
             plain && depth == 0);
    }
}

void Reader::call(const Function& function, const Arguments& arguments, std::string_view text, bool plain) {
    if (function.act == Act::set) {
        if (arguments.third.is("true"))
            return;
        bool named = arguments.count == 3 && is_plain_string(arguments.first);
        std::string_view key = named ? arguments.first.text : std::string_view();
        if (named && plain && is_plain_string(arguments.second) && arguments.third.is("false"))
            tell(Act::set, key, text, "SELECT pg_catalog.");
        else
            tell(Act::set_unknown, key);
    } else if (function.act == Act::unlock_all) {
        if (plain)
            tell(function.act);
    } else {
        bool counts = plain && arguments.constant && !later_;
        if (counts || function.act == Act::lock || function.act == Act::lock_shared)
            tell(function.act, counts ? arguments.text : std::string_view());
    }
}

// SET SESSION: what has a word of its own there. True when it was that.
bool Reader::set_session() {
    if (accept("characteristics")) {
        if (accept("as") && accept("transaction"))
            modes();
        return true;
    }
    if (!accept("authorization"))
        return false;
    set_value("session_authorization", now_.is("default"));
    return true;
}

void Reader::set() {
    step();
    if (accept("local") || now_.is("constraints"))
        return;
    if (accept("session") && (set_session() || (accept("session") && set_session())))
        return;
    if (now_.is("transaction"))
        return;
    struct Special {
        std::string_view word, key;
    };
    constexpr Special specials[] = {{"time", "timezone"},
                                    {"names", "client_encoding"},
                                    {"schema", "search_path"},
                                    {"role", "role"},
                                    {"xml", "xmloption"}};
    std::string_view key;
    for (const Special& special : specials)
        if (now_.is(special.word))
            key = special.key;
    std::string_view written = name();
    if (now_.is('=') || now_.is("to")) {
        step();
        for (std::string_view own :
             {"transaction_isolation", "transaction_read_only", "transaction_deferrable"})
            if (Token{Token::Kind::word, written}.is(own))
                return; // the transaction's
        return set_value(written, now_.is("default"));
    }
    if (key.empty() || (key == "timezone" && !accept("zone")))
        return tell(Act::set_unknown);
    bool is_default = now_.is("default") || (key == "timezone" && now_.is("local")) ||
                      (key == "client_encoding" && at_end());
    set_value(key, is_default);
}

void Reader::set_value(std::string_view key, bool is_default) {
    if (key.empty())
        return tell(Act::set_unknown);
    if (is_default)
        tell(Act::unset, key);
    else
        tell(Act::set, key, rest());
}

// They may be separated by commas or by nothing.
void Reader::modes() {
    while (!at_end()) {
        const char* from = now_.text.data();
        std::string_view key;
        if (accept("isolation")) {
            accept("level");
            if (!accept("serializable")) {
                step();
                step();
            }
            key = "default_transaction_isolation";
        } else if (accept("read")) {
            step();
            key = "default_transaction_read_only";
        } else {
            accept("not");
            step();
            key = "default_transaction_deferrable";
        }
        tell(Act::set, key, between(from, behind_), "SET SESSION CHARACTERISTICS AS TRANSACTION ");
        accept(',');
    }
}

void Reader::reset() {
    step();
    Token first = now_;
    std::string_view key = name();
    if (first.is("all"))
        tell(Act::unset_all);
    else if (first.is("session") && accept("authorization"))
        tell(Act::unset, "session_authorization");
    else if (first.is("time") && accept("zone"))
        tell(Act::unset, "timezone");
    else if (!key.empty())
        tell(Act::unset, key);
}

void Reader::listen() {
    step();
    std::string_view channel = name();
    tell(Act::listen, channel, rest());
}

void Reader::unlisten() {
    step();
    if (now_.is('*'))
        tell(Act::unlisten_all);
    else
        tell(Act::unlisten, name());
}

void Reader::prepare() {
    step();
    bool may_end = now_.is("transaction");
    std::string_view key = name();
    if (may_end && now_.kind == Token::Kind::string)
        return tell(Act::prepare_transaction);
    while (!at_end() && !(depth_ == 0 && now_.is("as")))
        step();
    later_ = true;
    step();
    other();
    later_ = false;
    tell(Act::prepare, key, rest());
}

void Reader::deallocate() {
    step();
    Token first = now_;
    std::string_view key = name();
    if (first.is("prepare") && !at_end()) {
        first = now_;
        key = name();
    }
    if (first.is("all"))
        tell(Act::deallocate_all);
    else
        tell(Act::deallocate, key);
}

void Reader::execute() {
    tell(Act::execute);
    other();
}

void Reader::discard() {
    step();
    if (now_.is("all"))
        tell(Act::discard_all);
    else if (now_.is("temp") || now_.is("temporary"))
        tell(Act::drop_all_temporary);
}

void Reader::begin() {
    tell(Act::begin);
}

void Reader::start() {
    step();
    if (now_.is("transaction"))
        tell(Act::begin);
}

bool Reader::chains() {
    if (!accept("work"))
        accept("transaction");
    return accept("and") && accept("chain");
}

void Reader::commit() {
    step();
    if (!now_.is("prepared"))
        tell(chains() ? Act::commit_chain : Act::commit);
}

void Reader::rollback() {
    step();
    if (now_.is("prepared"))
        return;
    bool chain = chains();
    if (!accept("to"))
        return tell(chain ? Act::rollback_chain : Act::rollback);
    Token first = now_;
    std::string_view key = name();
    tell(Act::rollback_to, first.is("savepoint") && now_.is_name() ? name() : key);
}

void Reader::savepoint() {
    step();
    tell(Act::savepoint, name());
}

void Reader::release() {
    step();
    Token first = now_;
    std::string_view key = name();
    tell(Act::release, first.is("savepoint") && now_.is_name() ? name() : key);
}

void Reader::create() {
    step();
    if (accept("or"))
        accept("replace");
    if (!accept("local"))
        accept("global");
    if (accept("temp") || accept("temporary"))
        return create_temporary();
    bool runs = now_.is("table") || now_.is("materialized");
    bool is_routine = now_.is("function") || now_.is("procedure");
    for (Token last{}; !at_end() && !now_.is('(') && !now_.is("as") && !now_.is("on"); last = now_, step()) {
        if (last.is("pg_temp") && now_.is('.')) {
            step();
            tell(Act::create_temporary, name());
            break;
        }
    }
    if (runs)
        return other();
    if (!is_routine)
        return;
    for (Token last{}; !at_end(); last = now_, step())
        if (last.is("begin") && now_.is("atomic"))
            break;
    if (now_.is("atomic")) // its end is not looked for: the rest of the text is taken for its body
        while (now_.kind != Token::Kind::end)
            now_ = tokens_.next();
}

void Reader::create_temporary() {
    accept("recursive");
    step();
    if (accept("if") && accept("not"))
        accept("exists");
    std::string_view key = temporary_name();
    bool drops = false;
    Tokens rest = tokens_;
    Token before{}, last{};
    for (Token token = now_; token.kind != Token::Kind::end && !token.is(';'); token = rest.next()) {
        drops |= before.is("on") && last.is("commit") && token.is("drop");
        before = last;
        last = token;
    }
    if (!drops)
        tell(Act::create_temporary, key);
    other();
}

void Reader::drop() {
    step();
    if (!accept("table") && !accept("view") && !accept("sequence"))
        return;
    if (accept("if"))
        accept("exists");
    do {
        std::string_view key = temporary_name();
        if (key.find('.') == key.npos)
            tell(Act::drop_temporary, key);
    } while (accept(','));
}

void Reader::declare() {
    step();
    std::string_view key = name();
    for (Token last{}; !at_end() && !now_.is("for"); last = now_, step())
        if (last.is("with") && now_.is("hold"))
            tell(Act::hold, key);
    other();
}

void Reader::close() {
    step();
    if (now_.is("all"))
        tell(Act::close_all);
    else
        tell(Act::close, name());
}

void Reader::do_block() {
    Act found = nothing;
    for (; !at_end(); step()) {
        Act act = now_.kind == Token::Kind::string ? hidden(now_.text, 0) : nothing;
        found = act > found ? act : found;
    }
    if (found != nothing)
        tell(found);
}

void Reader::load() {
    step();
    if (now_.kind == Token::Kind::string) {
        std::string_view key = now_.text;
        tell(Act::load, key, rest());
    }
}

} // namespace

size_t fold_name(std::string_view name, bool of_setting, char* out) {
    char* to = out;
    Tokens tokens(name);
    for (Token token = tokens.next(); token.kind != Token::Kind::end; token = tokens.next()) {
        bool quoted = token.kind == Token::Kind::quoted || (of_setting && token.kind == Token::Kind::string);
        bool lowers = of_setting || token.kind == Token::Kind::word;
        size_t size = token.text.size();
        for (size_t i = 0; i < size; i++) {
            char c = token.text[i];
            if (quoted && c == token.text[0]) {
                if (i == 0 || i + 1 == size || token.text[i + 1] != c)
                    continue;
                i++;
            }
            *to++ = lowers ? lower(c) : c;
        }
    }
    return static_cast<size_t>(to - out);
}

uint32_t read_sql_into(std::string_view sql, void (*visit)(void*, const Effect&), void* visitor) {
    return Reader(sql, visit, visitor).read();
}

} // namespace pqsweep
