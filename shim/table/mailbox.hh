// The mailbox carries one request of `pqsweep tag`, `pqsweep sweep` or `pqsweep run --unblock` to a process, and its result
// back. It lies on the process's board. One tool at a time uses it: the one that holds the file's lock.
//
//     tool                                              handler of PQSWEEP_SIGNAL
//     kind, length, text, ...  the request
//     asked = n              a new number
//     kill             ───────────────────────────────▶ taken = n
//                                                       acts, unless withdrawn == n
//     done == n ? reads  ◀───────────────────────────── swept, acted = n; then done = n
//
// A tool that gives up writes `withdrawn = n`, and then reads `taken`. The handler writes `taken`, and then reads
// `withdrawn`. So at least one of them sees the other: either the tool knows that the handler has begun, or the handler
// does nothing. Each of them checks what the other wrote, because another process wrote it.
//
// Context: the tool; the process's signal handler. All-zero bytes are an empty mailbox.
#pragma once

#include "shim/base/relaxed.hh"
#include "shim/table/by_activity.hh"
#include "shim/table/text_pool.hh"

#include <atomic>
#include <cstdint>

namespace pqsweep {

struct Mailbox {
    enum class Kind : uint32_t { sweep, tag, fixture, fixture_end, end };

    // The tool writes these.
    std::atomic<uint32_t> asked;
    std::atomic<uint32_t> withdrawn;
    Relaxed<Kind> kind;
    Relaxed<uint32_t> connection; // end: its number
    Relaxed<uint32_t> uses;       // end: how often its owner had moved it on, when the tool decided
    Relaxed<uint32_t> length;     // of `text`
    char text[TextPool::longest]; // the tag or fixture; end: the reason

    // The process writes these. `acted` differs from `done` if the request was withdrawn in time.
    std::atomic<uint32_t> taken;
    std::atomic<uint32_t> done;
    Relaxed<uint32_t> acted;
    ByActivity<Relaxed<uint32_t>> swept;

    // The value of a tool's signal. By it the handler tells a tool's signal that comes late from a user's.
    static constexpr int signal_value = 0x70717377;
};

} // namespace pqsweep
