// The page that a doer shares with the checker outside (`doers.py` knows its layout). All in 64-bit words.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace pqsweep::chaos {

using Word = std::atomic<uint64_t>;

enum class Phase : uint64_t { starting, working, quiet, over };

// One connection of the doer's, as the checker has to know it. The word holds the backend's pid, the number of the
// newest tag that the last use can have belonged to, and:
//   bound  it has to be gone within a second of that tag's end
//   loose  it may stay longer (the proxy may be holding back that it was closed)
// While its thread is in libpq nothing is known.
class Record {
public:
    enum class Kind : uint64_t { unused, bound, loose, busy };
    void set(Kind kind, int backend = 0, uint64_t tag = 0) {
        word_ = tag << 32 | static_cast<uint64_t>(backend) << 2 | static_cast<uint64_t>(kind);
    }
    // For a thread that wants a record of its own.
    bool take() {
        uint64_t unused = 0;
        return word_.compare_exchange_strong(unused, static_cast<uint64_t>(Kind::busy));
    }

private:
    Word word_;
};

struct Page {
    // By the checker.
    Word disruptions; // odd while the server is down, or about to be
    Word is_to_stop;
    Word may_leave;
    // By the doer.
    std::atomic<Phase> phase;
    Word begun;                 // the number of the tag that is being set, or was
    Word ended;                 // of the last one whose end is over
    std::array<Word, 16> beats; // one a thread; 0: it does not run
    std::array<Record, 494> records;
};
static_assert(sizeof(Page) == 8 * (6 + 16 + 494));

} // namespace pqsweep::chaos
