// Origins: where in the program each connection was opened. The room origin/ finds that out; here it is only kept.
// All-zero bytes are an unknown origin.
#pragma once

#include "shim/table/connections.hh"

#include <array>

namespace pqsweep {

struct Origin {
    static constexpr int most_lines = 8, most_calls = 32;

    // The innermost first; `none` follows the last. A line is "file:line function", of Python. A call is
    // "build-id file+0xoffset", of any code: the build id is hexadecimal, and empty if the file has none; the offset is that
    // of the call instruction, not of the one behind it.
    std::array<Relaxed<TextId>, most_lines> lines;
    std::array<Relaxed<TextId>, most_calls> calls;
    Relaxed<bool> is_pools;    // a library's pool of connections opened it
    Relaxed<TextId> pool_line; // the line that made the pool; `none`: not known, or among `lines`
};

class Origins {
public:
    static constexpr uint32_t most = Connections::most;
    static constexpr Room room(uint32_t capacity) {
        return {.own = whole_units((capacity + 1) * sizeof(Origin))};
    }
    void settle(uint32_t, char*, char* own) { origins_ = reinterpret_cast<Origin*>(own); }

    // By Connections::slot_of().
    Origin& of(uint32_t slot) { return origins_[slot]; }
    const Origin& of(uint32_t slot) const { return origins_[slot]; }

private:
    Origin* origins_;
};

} // namespace pqsweep
