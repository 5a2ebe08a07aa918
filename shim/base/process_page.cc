#include "shim/base/process_page.hh"

#include "shim/base/sys.hh"

#include <new>

namespace pqsweep::process_page {

namespace {

constinit ProcessPage inherited{};
constinit bool is_wiped;

} // namespace

constinit std::atomic<ProcessPage*> place{&inherited};

void make() {
    void* page =
        sys::mmap(nullptr, sizeof(ProcessPage), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!page)
        return;
    is_wiped = sys::madvise(page, sizeof(ProcessPage), MADV_WIPEONFORK) == 0;
    place.store(static_cast<ProcessPage*>(page), std::memory_order_release);
}

bool is_lost_in_forks() {
    return is_wiped;
}

void empty() {
    new (&this_process()) ProcessPage{};
}

} // namespace pqsweep::process_page
