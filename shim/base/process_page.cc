#include "shim/base/process_page.hh"

#include "shim/base/sys.hh"

#include <new>

namespace pqsweep::process_page {

namespace {

constinit ProcessPage blank{};                         // nobody writes to it
constinit ProcessPage spare{.is_kept_in_forks = true}; // without memory for a page

ProcessPage* map() {
    void* memory =
        sys::mmap(nullptr, sizeof(ProcessPage), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!memory)
        return &spare;
    auto* page = new (memory) ProcessPage{};
    page->is_kept_in_forks = sys::madvise(memory, sizeof(ProcessPage), MADV_WIPEONFORK) != 0;
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
    return !writable().is_kept_in_forks;
}

void empty() {
    new (&writable()) ProcessPage{.is_kept_in_forks = true};
}

} // namespace pqsweep::process_page
