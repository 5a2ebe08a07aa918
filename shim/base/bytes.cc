// The functions for bytes and strings that compilers and our code call: libpqsweep.so has its own, which nobody else sees.
// Neither the program's functions of these names nor a sanitizer's stand between, and no libc is too old for them.
//
// They read a block at once if that reaches no other page. A sanitized shim is linked without this file.
#include "shim/base/block.hh"

#include <cstddef>
#include <cstdint>

// Else a compiler makes a call of memcpy() of the loop in memcpy().
#ifndef __clang__
#    pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

#define HIDDEN extern "C" [[gnu::visibility("hidden")]]

namespace {

using namespace pqsweep;

using Word [[gnu::may_alias]] = uint64_t;
constexpr Word ones = 0x0101010101010101;

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
    for (; size >= sizeof(Block); size -= sizeof(Block), in += sizeof(Block))
        if (uint32_t found = bits_of(load_block(in) == byte))
            return const_cast<unsigned char*>(in + __builtin_ctz(found));
    for (; size; size--, in++)
        if (*in == byte)
            return const_cast<unsigned char*>(in);
    return nullptr;
}

HIDDEN size_t strlen(const char* text) noexcept {
    // The first block can hold bytes before the text, which do not count.
    size_t before = reinterpret_cast<uintptr_t>(text) % sizeof(Block);
    const char* at = text - before;
    if (uint32_t ends = bits_of(*reinterpret_cast<const Block*>(at) == 0) >> before)
        return static_cast<size_t>(__builtin_ctz(ends));
    for (;;) {
        at += sizeof(Block);
        if (uint32_t ends = bits_of(*reinterpret_cast<const Block*>(at) == 0))
            return static_cast<size_t>(at - text) + static_cast<size_t>(__builtin_ctz(ends));
    }
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
