#include "shim/session/sql/prefilter.hh"

#include "shim/base/block.hh"
#include "shim/base/fixed_text.hh"

#include <cstring>

namespace pqsweep {

namespace {

// The last one begins a name with escapes, which can be any name.
constexpr FixedText<21> words[] = {"into",   "execute",     "set_config",      "setseed",
                                   "dblink", "pg_advisory", "pg_try_advisory", "pg_replication_origin",
                                   "u&\""};

// This bit tells lower case from upper case.
constexpr unsigned char of_case = 0x20;

constexpr size_t reach = sizeof(Block) + 3;

// Returns the first three letters of four, in upper case.
constexpr uint32_t beginning_in(uint32_t letters) {
    return letters & 0xffffff & ~(of_case * 0x010101u);
}
constexpr uint32_t beginning_of(std::string_view word) {
    uint32_t letters = 0;
    for (int i = 0; i < 3; i++)
        letters |= uint32_t{static_cast<unsigned char>(word[static_cast<size_t>(i)])} << 8 * i;
    return beginning_in(letters);
}

// The beginnings of all words, found by their first letters.
struct Beginnings {
    uint32_t of[32];
    constexpr Beginnings() : of{} {
        for (std::string_view word : words)
            of[beginning_of(word) % 32] = beginning_of(word);
    }
    constexpr bool has(uint32_t beginning) const { return of[beginning % 32] == beginning; }
    constexpr bool has_all() const {
        bool has_all = true;
        for (std::string_view word : words)
            has_all &= has(beginning_of(word));
        return has_all;
    }
};
constexpr Beginnings beginnings;
static_assert(beginnings.has_all(), "words with the same first letter begin with the same three");

[[gnu::noinline]] bool begins_with_word(const char* at, const char* end) {
    for (std::string_view word : words) {
        size_t same = 0;
        while (same < word.size() && at + same < end && ((at[same] ^ word[same]) & ~of_case) == 0)
            same++;
        if (same == word.size())
            return true;
    }
    return false;
}

// A word begins with a letter behind something else than a letter or `_`. For the block's first byte, it can be one.
uint32_t word_starts(Block block) {
    using Signed = signed char __attribute__((vector_size(sizeof(Block))));
    constexpr signed char z_to_most = INT8_MAX - 'z';
    Block lower = block | of_case;
    auto is_letter =
        reinterpret_cast<Signed>(lower + static_cast<unsigned char>(z_to_most)) >= 'a' + z_to_most;
    uint32_t letters = bits_of(is_letter | (block == '_'));
    return letters & ~(letters << 1);
}

// Looks for words that begin in the block at `at`, and reads `reach` bytes.
bool has_word_at(Block block, const char* at, const char* end) {
    for (uint32_t starts = word_starts(block); starts; starts &= starts - 1) {
        const char* start = at + __builtin_ctz(starts);
        uint32_t letters = 0;
        memcpy(&letters, start, sizeof letters);
        if (beginnings.has(beginning_in(letters)) && begins_with_word(start, end)) [[unlikely]]
            return true;
    }
    return false;
}

// `text` has `reach` bytes at least.
[[gnu::noinline]] Glance glance_at(std::string_view text) {
    const char* end = text.data() + text.size();
    // The last block overlaps the one before. What begins behind it is too short for a word.
    const char* last = end - reach;
    Block tail = load_block(end - sizeof(Block));
    auto semicolons = tail == ';', parentheses = tail == '(';
    for (const char* at = text.data();; at = at + sizeof(Block) < last ? at + sizeof(Block) : last) {
        Block block = load_block(at);
        semicolons |= block == ';';
        parentheses |= block == '(';
        if (has_word_at(block, at, end))
            return {true, true};
        if (at == last)
            break;
    }
    return {bits_of(semicolons) != 0, bits_of(parentheses) != 0};
}

} // namespace

Glance glance(std::string_view text) {
    if (text.size() >= reach)
        return glance_at(text);
    char padded[reach] = {};
    memcpy(padded, text.data(), text.size());
    return glance_at({padded, reach});
}

} // namespace pqsweep
