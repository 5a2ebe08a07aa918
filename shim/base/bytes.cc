// The functions for bytes and strings that compilers and our code call: libpqsweep.so has its own, which nobody else sees.
// Neither the program's functions of these names nor a sanitizer's stand between, and no libc is too old for them.
//
// They read 16 bytes at once if that reaches no other page. A sanitized shim is linked without this file.
#include <cstddef>
#include <cstdint>

// Else a compiler makes a call of memcpy() of the loop in memcpy().
#ifndef __clang__
#    pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

#define HIDDEN extern "C" [[gnu::visibility("hidden")]]

namespace {

using Word [[gnu::may_alias]] = uint64_t;
constexpr Word ones = 0x0101010101010101;

// One instruction compares this many bytes on every machine that we build for.
using Bytes [[gnu::may_alias]] = unsigned char __attribute__((vector_size(16)));

// Returns the place of the first true byte in what a comparison returned, or 16.
template<class Marks>
size_t first_marked(const Marks& marks) {
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    Word halves[2];
    __builtin_memcpy(halves, &marks, sizeof halves);
    if (halves[0])
        return static_cast<size_t>(__builtin_ctzll(halves[0])) / 8;
    return halves[1] ? sizeof(Word) + static_cast<size_t>(__builtin_ctzll(halves[1])) / 8 : sizeof(Bytes);
}

Bytes load_bytes(const void* from) {
    Bytes bytes{};
    __builtin_memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

Word load(const unsigned char* from) {
    Word word = 0;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}
void store(unsigned char* to, Word word) {
    __builtin_memcpy(to, &word, sizeof word);
}

} // namespace

HIDDEN void* memcpy(void* __restrict to, const void* __restrict from, size_t size) noexcept {
    auto* out = static_cast<unsigned char*>(to);
    const auto* in = static_cast<const unsigned char*>(from);
    if (size >= sizeof(Word)) {
        Word last = load(in + size - sizeof(Word));
        unsigned char* last_place = out + size - sizeof(Word);
        for (; out < last_place; out += sizeof(Word), in += sizeof(Word))
            store(out, load(in));
        store(last_place, last);
        return to;
    }
    while (size--)
        *out++ = *in++;
    return to;
}

HIDDEN void* memmove(void* to, const void* from, size_t size) noexcept {
    auto* out = static_cast<unsigned char*>(to);
    const auto* in = static_cast<const unsigned char*>(from);
    if (out <= in)
        for (size_t i = 0; i < size; i++)
            out[i] = in[i];
    else
        for (size_t i = size; i > 0; i--)
            out[i - 1] = in[i - 1];
    return to;
}

HIDDEN void* memset(void* place, int value, size_t size) noexcept {
    auto* out = static_cast<unsigned char*>(place);
    Word word = ones * static_cast<unsigned char>(value);
    for (; size >= sizeof word; size -= sizeof word, out += sizeof word)
        store(out, word);
    while (size--)
        *out++ = static_cast<unsigned char>(value);
    return place;
}

HIDDEN int memcmp(const void* left, const void* right, size_t size) noexcept {
    const auto* a = static_cast<const unsigned char*>(left);
    const auto* b = static_cast<const unsigned char*>(right);
    while (size >= sizeof(Word) && load(a) == load(b))
        size -= sizeof(Word), a += sizeof(Word), b += sizeof(Word);
    for (; size; size--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}

HIDDEN void* memchr(const void* place, int wanted, size_t size) noexcept {
    const auto* in = static_cast<const unsigned char*>(place);
    auto byte = static_cast<unsigned char>(wanted);
    for (; size >= sizeof(Bytes); size -= sizeof(Bytes), in += sizeof(Bytes))
        if (size_t found = first_marked(load_bytes(in) == byte); found < sizeof(Bytes))
            return const_cast<unsigned char*>(in + found);
    for (; size; size--, in++)
        if (*in == byte)
            return const_cast<unsigned char*>(in);
    return nullptr;
}

HIDDEN size_t strlen(const char* text) noexcept {
    // The first 16 bytes can hold bytes before the text, which do not count.
    size_t before = reinterpret_cast<uintptr_t>(text) % sizeof(Bytes);
    const char* at = text - before;
    auto marks = *reinterpret_cast<const Bytes*>(at) == 0;
    constexpr Bytes places = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    marks &= places >= static_cast<unsigned char>(before);
    size_t found = first_marked(marks);
    while (found == sizeof(Bytes)) {
        at += sizeof(Bytes);
        found = first_marked(*reinterpret_cast<const Bytes*>(at) == 0);
    }
    return static_cast<size_t>(at - text) + found;
}

HIDDEN size_t strnlen(const char* text, size_t most) noexcept {
    size_t length = 0;
    while (length < most && text[length])
        length++;
    return length;
}

HIDDEN char* strchr(const char* text, int wanted) noexcept {
    for (;; text++) {
        if (*text == static_cast<char>(wanted))
            return const_cast<char*>(text);
        if (!*text)
            return nullptr;
    }
}

HIDDEN int strcmp(const char* left, const char* right) noexcept {
    for (; *left && *left == *right; left++, right++) {
    }
    return static_cast<unsigned char>(*left) - static_cast<unsigned char>(*right);
}

HIDDEN int strncmp(const char* left, const char* right, size_t most) noexcept {
    for (; most && *left && *left == *right; most--, left++, right++) {
    }
    return most ? static_cast<unsigned char>(*left) - static_cast<unsigned char>(*right) : 0;
}
