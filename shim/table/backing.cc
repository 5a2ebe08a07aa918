#include "shim/table/backing.hh"

#include "shim/base/sys.hh"

#include <cstdint>

namespace pqsweep {

namespace {

constexpr size_t chunk = mapping_unit;
// Before Linux 5.14 only a descriptor can allocate pages, and the shim keeps none: so this is all there ever is.
constexpr size_t only_chunk = 8 * chunk;

} // namespace

// The kernel fills a locked mapping at once, unless nobody may read it.
void* map_by_page(void* place, size_t size, int flags, int fd, off_t offset) {
    void* memory = sys::mmap(place, size, PROT_NONE, flags | MAP_NORESERVE, fd, offset);
    if (!memory)
        return nullptr;
    sys::munlock(memory, size);
    if (sys::mprotect(memory, size, PROT_READ | PROT_WRITE) == 0)
        return memory;
    sys::munmap(memory, size);
    return nullptr;
}

int Backing::start(const Part& part, int fd, size_t offset) {
    end_ = part.begin + part.size;
    size_t size = part.first;
    int result = sys::madvise(part.begin, size, MADV_POPULATE_WRITE);
    if (result == -EINVAL) {
        size = part.size < only_chunk ? part.size : only_chunk;
        result = sys::fallocate(fd, 0, static_cast<off_t>(offset), static_cast<off_t>(size));
    }
    if (result != 0)
        return result == -EFAULT ? -ENOSPC : result; // writing would have raised SIGBUS
    ready_ = part.begin + size;
    return 0;
}

bool Backing::grow(const void* end) {
    while (ready_ < end) {
        size_t size = chunk - reinterpret_cast<uintptr_t>(ready_) % chunk;
        if (sys::madvise(ready_, size, MADV_POPULATE_WRITE) != 0) {
            void* rest = map_by_page(ready_, static_cast<size_t>(end_ - ready_),
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);
            if (!rest)
                return false;
            ready_ = nullptr;
            return true;
        }
        ready_ += size;
    }
    return true;
}

} // namespace pqsweep
