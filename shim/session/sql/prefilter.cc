#include "shim/session/sql/prefilter.hh"

#include <cstdint>
#include <cstring>

namespace pqsweep {

namespace {

using Bytes = unsigned char __attribute__((vector_size(16)));
constexpr size_t step = sizeof(Bytes);
constexpr size_t word_size = 4;
constexpr size_t reach = step + word_size - 1;

// In lower case; `_` becomes DEL.
Bytes load(const char* at) {
    Bytes bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes | 0x20;
}

// Looks for words that begin in the 16 bytes at `at`, and reads 3 more.
bool has_word_at(const char* at) {
    const Bytes letters[word_size] = {load(at), load(at + 1), load(at + 2), load(at + 3)};
    auto places_of = [&](const char* word) {
        return (letters[0] == word[0]) & (letters[1] == word[1]) & (letters[2] == word[2]) &
               (letters[3] == word[3]);
    };
    auto set = (letters[0] == 's') & (letters[1] == 'e') & (letters[2] == 't') &
               ((letters[3] == '\x7f') | (letters[3] == 's') | (letters[3] == 'u'));
    auto places = places_of("into") | places_of("exec") | places_of("advi") | places_of("dbli") | set;
    places |= (letters[0] == '&') & (letters[1] == '"'); // U&"...", with escapes: any name
    uint64_t halves[2];
    memcpy(halves, &places, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

} // namespace

bool has_telling_word(std::string_view text) {
    const char* at = text.data();
    size_t left = text.size();
    for (; left >= reach; at += step, left -= step)
        if (has_word_at(at))
            return true;
    char rest[step + reach] = {};
    memcpy(rest, at, left);
    return has_word_at(rest) || (left > step && has_word_at(rest + step));
}

} // namespace pqsweep
