// Block: 16 bytes of a text. One instruction compares that many on every machine that we build for.
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include <cstdint>

namespace pqsweep {

using Block [[gnu::may_alias]] = unsigned char __attribute__((vector_size(16)));

inline Block load_block(const void* from) {
    Block block{};
    __builtin_memcpy(&block, from, sizeof block);
    return block;
}

// Returns what a comparison of blocks returned as bits, with the first byte's lowest.
template<class Marks>
uint32_t bits_of(const Marks& marks) {
#ifdef __SSE2__
    using Chars = char __attribute__((vector_size(16)));
    return static_cast<uint32_t>(__builtin_ia32_pmovmskb128(reinterpret_cast<Chars>(marks)));
#else
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    uint64_t halves[2];
    __builtin_memcpy(halves, &marks, sizeof halves);
    uint32_t bits = 0;
    for (int i = 0; i < 2;
         i++) // each byte leaves its own bit, and the product adds them up in the highest byte
        bits |= static_cast<uint32_t>((halves[i] & 0x8040201008040201) * 0x0101010101010101 >> 56) << 8 * i;
    return bits;
#endif
}

} // namespace pqsweep
