// The mailbox: what `pqsweep tag` and `pqsweep sweep` ask of a process, and its answer, on its board.
//
// A tool, one at a time (it holds the file's lock), writes what it wants, then a new number into `asked`, and raises
// the signal. The handler writes the number into `taken`, acts unless it finds it in `withdrawn`, and answers. A
// tool that is tired of waiting writes `withdrawn` and looks at `taken`: at least one of the two sees the other.
// Neither relies on what the other wrote for more than what it does for the other.
#pragma once

#include "shim/base/relaxed.hh"
#include "shim/table/by_activity.hh"
#include "shim/table/text_pool.hh"

#include <atomic>
#include <cstdint>

namespace pqsweep {

struct Mailbox {
    enum class Kind : uint32_t { sweep, tag, fixture, fixture_end };

    // By the tool.
    std::atomic<uint32_t> asked;
    std::atomic<uint32_t> withdrawn;
    Relaxed<Kind> kind;
    Relaxed<uint32_t> length;     // of `name`
    char name[TextPool::longest]; // of the tag or fixture

    // By the process. `acted` is not `done` where the wish was withdrawn in time.
    std::atomic<uint32_t> taken;
    std::atomic<uint32_t> done;
    Relaxed<uint32_t> acted;
    ByActivity<Relaxed<uint32_t>> swept;

    // The signal of a tool carries this as its value, so that one which comes too late is not taken for a user's.
    static constexpr int signal_value = 0x70717377;
};

} // namespace pqsweep
