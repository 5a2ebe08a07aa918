// Lifetime: what a connection lives for: a tag, by the epoch of its last use, or a fixture. All-zero bytes are a lifetime that
// never ends, that of a connection opened while neither a tag nor a fixture was set.
//
//     0                     never ends
//     0 | epoch (31 bits)   the tag that was current in that epoch
//     1 | TextId (31 bits)  the fixture of that name
//
// Context: any thread, signal handler.
#pragma once

#include "shim/table/text_pool.hh"

#include <cstdint>

namespace pqsweep {

class Lifetime {
public:
    constexpr Lifetime() = default;
    static constexpr Lifetime of_tag(uint32_t epoch) { return Lifetime(epoch); }
    static constexpr Lifetime of_fixture(TextId name) { return Lifetime(fixture_bit | uint32_t(name)); }

    constexpr bool is_endless() const { return bits_ == 0; }
    constexpr bool is_fixtures() const { return bits_ & fixture_bit; }
    constexpr bool is_tags() const { return !is_endless() && !is_fixtures(); }
    constexpr uint32_t epoch() const { return bits_; }
    constexpr bool operator==(const Lifetime&) const = default;

private:
    static constexpr uint32_t fixture_bit = 1u << 31;
    explicit constexpr Lifetime(uint32_t bits) : bits_(bits) {}
    uint32_t bits_ = 0;
};

} // namespace pqsweep
