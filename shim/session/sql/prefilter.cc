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
    // Three letters of a word are enough to look closer: of into, exec, advisory and dblink.
    auto places_of = [&](const char* word) {
        return (letters[0] == word[0]) & (letters[1] == word[1]) & (letters[2] == word[2]);
    };
    auto ends_set = (letters[3] == '\x7f') | (letters[3] == 's') | (letters[3] == 'u');
    auto places = places_of("nto") | places_of("xec") | places_of("dvi") | places_of("dbl") |
                  (places_of("set") & ends_set);
    places |= (letters[0] == '&') & (letters[1] == '"'); // U&"...", with escapes: any name
    uint64_t halves[2];
    memcpy(halves, &places, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

} // namespace

bool has_telling_word(std::string_view text) {
    if (text.size() < reach) {
        char padded[reach] = {};
        memcpy(padded, text.data(), text.size());
        return has_word_at(padded);
    }
    // The last look overlaps the one before. Three letters at the very end begin nothing.
    const char* last = text.data() + text.size() - reach;
    for (const char* at = text.data(); at < last; at += step)
        if (has_word_at(at))
            return true;
    return has_word_at(last);
}

} // namespace pqsweep
