#include "shim/session/sql/prefilter.hh"

#include "shim/base/block.hh"
#include "shim/base/fixed_text.hh"

#include <cstring>
#include <iterator>
#include <utility>

namespace pqsweep {

namespace {

// The last one begins a name with escapes, which can be any name.
constexpr FixedText<21> words[] = {"into",
                                   "execute",
                                   "set_config",
                                   "setseed",
                                   "dblink",
                                   "pg_advisory",
                                   "pg_try_advisory",
                                   "pg_replication_origin",
                                   "pg_backup_start",
                                   "pg_start_backup",
                                   "pg_create_",
                                   "pg_copy_",
                                   "u&\""};

static_assert([] {
    bool have_three_letters = true;
    for (std::string_view word : words)
        have_three_letters &= word.size() >= 3;
    return have_three_letters;
}());

// This bit tells lower case from upper case.
constexpr unsigned char of_case = 0x20;

constexpr size_t reach = sizeof(Block) + 3;

bool is_same(char a, char b) {
    return ((a ^ b) & ~of_case) == 0;
}

// Many words begin alike. The last letter tells more.
[[gnu::noinline]] bool begins_with_word(const char* at, const char* end) {
    for (std::string_view word : words) {
        bool fits = static_cast<size_t>(end - at) >= word.size() && is_same(at[word.size() - 1], word.back());
        size_t same = 0;
        while (fits && same < word.size() && is_same(at[same], word[same]))
            same++;
        if (same == word.size())
            return true;
    }
    return false;
}

// Returns whether no word before it has the same second and third letter.
constexpr bool is_first_of_its_letters(size_t i) {
    for (size_t before = 0; before < i; before++)
        if (words[before].view().substr(1, 2) == words[i].view().substr(1, 2))
            return false;
    return true;
}

// Returns, as bits, at which bytes of the block at `at` a word may begin: its second and third letter are there, which tell more than
// its first ("se" would be in each SELECT). A branch for each word of the text would cost more than all these comparisons: no processor
// foresees it.
template<size_t... i>
uint32_t candidates_at(const char* at, std::index_sequence<i...>) {
    Block second = load_block(at + 1) | of_case, third = load_block(at + 2) | of_case;
    auto is = [](Block letters, char c) { return letters == static_cast<unsigned char>(c | of_case); };
    auto begins = [&]<size_t word>(std::integral_constant<size_t, word>) {
        if constexpr (is_first_of_its_letters(word))
            return is(second, words[word].c_str()[1]) & is(third, words[word].c_str()[2]);
        else
            return decltype(second == third){};
    };
    return bits_of((begins(std::integral_constant<size_t, i>()) | ...));
}

bool is_letter(char c) {
    unsigned char lower = static_cast<unsigned char>(c) | of_case;
    return (lower >= 'a' && lower <= 'z') || c == '_';
}

// Looks for words that begin in the block at `at`, and reads `reach` bytes. A word begins behind something else than a letter or `_`.
bool has_word_at(const char* at, std::string_view text) {
    const char* end = text.data() + text.size();
    uint32_t bits = candidates_at(at, std::make_index_sequence<std::size(words)>());
    for (; bits; bits &= bits - 1) {
        const char* start = at + __builtin_ctz(bits);
        bool is_inside = start > text.data() && is_letter(start[-1]);
        if (!is_inside && begins_with_word(start, end)) [[unlikely]]
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
        if (has_word_at(at, text))
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
