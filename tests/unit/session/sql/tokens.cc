#include "shim/session/sql/tokens.hh"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace pqsweep;

namespace {

// Copies the text to memory of exactly its size, so that a sanitizer sees a read past its end.
std::string tokens(std::string_view sql) {
    std::vector<char> exact(sql.begin(), sql.end());
    Tokens tokens(std::string_view{exact.data(), exact.size()});
    std::string all;
    for (Token token = tokens.next(); token.kind != Token::Kind::end; token = tokens.next()) {
        if (!all.empty())
            all += '|';
        all += "ewqsnp."[static_cast<size_t>(token.kind)];
        all += token.text;
    }
    return all;
}

} // namespace

TEST_SUITE_BEGIN("unit: tokens");

TEST_CASE("tokens: quotes, comments and the ends of both") {
    CHECK(tokens("") == "");
    CHECK(tokens("SELECT a.b,1.5;") == "wSELECT|wa|..|wb|.,|n1|..|n5|.;");
    CHECK(tokens("'a''b' 'c\\' x") == "s'a''b'|s'c\\'|wx");
    CHECK(tokens("E'a\\'b' e'\\\\' x") == "sE'a\\'b'|se'\\\\'|wx");
    CHECK(tokens("E'a'\n 'b\\'' x") == "sE'a'\n 'b\\''|wx");
    CHECK(tokens("E'a' -- b'\n--\n'c\\'' x") == "sE'a' -- b'\n--\n'c\\''|wx");
    CHECK(tokens("E'a' /*\n*/ 'b\\' x") == "sE'a'|s'b\\'|wx");
    CHECK(tokens("'a' 'b'") == "s'a'|s'b'");
    CHECK(tokens("\"a\"\"b\" \"c;\"") == "q\"a\"\"b\"|q\"c;\"");
    CHECK(tokens("$$a;'b$$ $x$ $$ $y$ $x$ z") == "s$$a;'b$$|s$x$ $$ $y$ $x$|wz");
    CHECK(tokens("a$b$c $1 $2x") == "wa$b$c|p$1|p$2|wx");
    CHECK(tokens("1into 1e5 $1$$a$$") == "n1|winto|n1|we5|p$1|s$$a$$");
    CHECK(tokens("a--b;\nc /* d /* e */ ; */ f -- g") == "wa|wc|wf");
    CHECK(tokens("a--b\rc /*/ d */ e+--f\n/*/**/") == "wa|wc|we|.+");
    CHECK(tokens("a-b/c*/") == "wa|.-|wb|./|wc|.*|./");
    CHECK(tokens("x'1f' b'01' N'n' U&'d'") == "sx'1f'|sb'01'|sN'n'|wU|.&|s'd'");
    CHECK(tokens("é_1") == "wé_1");
    for (std::string_view open : {"'a", "E'a\\", "E'", "\"a", "\"a\"\"", "$x$ a $x", "/* a", "/*", "$", "--",
                                  "'a'\n", "'a'\n--", "$1", "E"})
        CHECK_FALSE(tokens(open) == "x");
}

TEST_SUITE_END();
