// The page that a doer shares with the checker outside (`page.py` knows its layout). All in 64-bit words.
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
//
// Tags are numbered by their changes, the doer's own and those from outside alike: the number of the newest is `begun` +
// `outside`, counted before the change. Once a change has come to its end that had not begun when a connection was last
// used, that connection was swept. So the tag of number n is over when so many changes are, less the first, which ends
// none; it does not matter whose they were or in which order they came. The checker counts a change from outside for
// over when the tool says so. What it can't be sure of it does not count, and takes back from `outside`: a signal
// without an answer; a change that met one of the doer's own, which may have been without a tag just then; a failed one.
// They only make connections go earlier. A sweep from outside spares nothing for PQSWEEP_GRACE, so it counts for as many
// changes as that spares, and one.
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
    Word outside; // changes of the tag from outside, begun
    // By the doer.
    std::atomic<Phase> phase;
    Word begun;                 // the number of the tag that is being set, or was
    Word ended;                 // of the last one whose end is over
    std::array<Word, 16> beats; // one a thread; 0: it does not run
    std::array<Record, 493> records;

    // The upper bound for what is used up to now: the number is counted before the tag is changed.
    uint64_t newest_tag() const { return outside + begun; }
};
static_assert(sizeof(Page) == sizeof(Word) * (7 + 16 + 493));

} // namespace pqsweep::chaos
