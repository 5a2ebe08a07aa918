#include "shim/base/process_page.hh"

#include "shim/base/at_start.hh"
#include "shim/base/relaxed.hh"
#include "shim/base/sys.hh"

#include <new>

namespace pqsweep::process_page {

namespace {

TOUCHED_AT_START constinit ProcessPage blank{}; // nobody writes to it
constinit ProcessPage spare{};                  // without memory for a page
constinit Relaxed<bool> is_promised;
constinit Relaxed<bool> is_wiped; // in a child, to look into the page would take a page fault

ProcessPage* map() {
    void* memory =
        sys::mmap(nullptr, sizeof(ProcessPage), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!memory)
        return &spare;
    auto* page = new (memory) ProcessPage{};
    constexpr int no_advice = -1; // qemu-user takes any, and ignores it
    is_promised = sys::madvise(memory, sizeof(ProcessPage), MADV_WIPEONFORK) == 0;
    is_wiped = is_promised && sys::madvise(memory, sizeof(ProcessPage), no_advice) != 0;
    return page;
}

} // namespace

constinit std::atomic<ProcessPage*> place{&blank};

ProcessPage& writable() {
    ProcessPage* page = place.load(std::memory_order_acquire);
    if (page != &blank) [[likely]]
        return *page;
    ProcessPage* fresh = map();
    if (place.compare_exchange_strong(page, fresh, std::memory_order_acq_rel))
        return *fresh;
    if (fresh != &spare)
        sys::munmap(fresh, sizeof(ProcessPage));
    return *page;
}

bool is_lost_in_forks() {
    return &writable() != &spare && is_promised;
}

bool has_to_be_emptied() {
    return &writable() == &spare || !is_wiped;
}

void empty() {
    new (&writable()) ProcessPage{};
}

} // namespace pqsweep::process_page
