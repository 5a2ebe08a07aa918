// A doer shares a page of 64-bit words with the checker outside. `page.py` repeats its layout.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace pqsweep::chaos {

using Word = std::atomic<uint64_t>;

enum class Phase : uint64_t { starting, working, quiet, over };

// What the checker knows of one connection of the doer. The word holds the backend's pid, a kind, and a tag's number: the
// newest tag to which the last use can have belonged.
//   bound  the connection must be gone within a second of that tag's end
//   loose  it can stay longer, because the proxy can hold back that it was closed
//   busy   its thread is in libpq, so nothing is known
//
// Tag changes are numbered, those of the doer and those from outside alike. The newest number is `begun` + `outside`,
// counted before the change. A change that begins after the last use of a connection, and is over, has swept that
// connection. So tag n is over when n changes are over, less the first, which ends no tag. Their order and author do not
// matter. A change from outside is over for the checker when the tool says so. The checker takes back from `outside` what
// is not certain: a signal without a reply, a failed change, and a change that met one of the doer's own, when there was
// perhaps no tag. Such changes can only end connections earlier. A sweep from outside ignores PQSWEEP_GRACE, so it counts
// for one change more than that spares.
class Record {
public:
    enum class Kind : uint64_t { unused, bound, loose, busy };
    void set(Kind kind, int backend = 0, uint64_t tag = 0) {
        word_ = tag << 32 | static_cast<uint64_t>(backend) << 2 | static_cast<uint64_t>(kind);
    }
    // Takes this record for a thread, if it is free.
    bool take() {
        uint64_t unused = 0;
        return word_.compare_exchange_strong(unused, static_cast<uint64_t>(Kind::busy));
    }

private:
    Word word_;
};

struct Page {
    // The checker writes these.
    Word disruptions; // odd while the server is down, or about to be
    Word is_to_stop;
    Word may_leave;
    Word outside; // changes of the tag from outside that have begun
    // The doer writes these.
    std::atomic<Phase> phase;
    Word begun;                 // the number of the tag that was set last, or is being set
    Word ended;                 // the number of the last tag change that is over
    std::array<Word, 16> beats; // one for each thread; 0: it does not run
    std::array<Record, 493> records;

    // An upper bound for the tag of every use until now, because the number is counted before the tag changes.
    uint64_t newest_tag() const { return outside + begun; }
};
static_assert(sizeof(Page) == sizeof(Word) * (7 + 16 + 493));

} // namespace pqsweep::chaos
