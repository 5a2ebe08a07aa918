#include "shim/base/process_page.hh"

#include "shim/base/at_start.hh"
#include "shim/base/relaxed.hh"
#include "shim/base/sys.hh"

#include <new>

namespace pqsweep::process_page {

namespace {

TOUCHED_AT_START constinit ProcessPage blank{}; // nobody writes to it
constinit ProcessPage spare{};                  // without memory for a page

// What the kernel does to the page in children. To look into it there would take a page fault.
enum class Wiping : uint8_t { none, promised, done };
constinit Relaxed<Wiping> wiping_of_mapped;

ProcessPage* map() {
    void* memory =
        sys::mmap(nullptr, sizeof(ProcessPage), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!memory)
        return &spare;
    auto* page = new (memory) ProcessPage{};
    constexpr int no_advice = -1; // qemu-user takes any, and ignores it
    auto takes = [&](int advice) { return sys::madvise(memory, sizeof(ProcessPage), advice) == 0; };
    if (takes(MADV_WIPEONFORK))
        wiping_of_mapped = takes(no_advice) ? Wiping::promised : Wiping::done;
    return page;
}

Wiping wiping() {
    return &writable() == &spare ? Wiping::none : Wiping(wiping_of_mapped);
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
    return wiping() != Wiping::none;
}

bool has_to_be_emptied() {
    return wiping() != Wiping::done;
}

void empty() {
    new (&writable()) ProcessPage{};
}

} // namespace pqsweep::process_page
