#include "shim/table/backing.hh"

#include "shim/base/sys.hh"

namespace pqsweep {

namespace {

constexpr size_t chunk = mapping_unit;
// Before Linux 5.14 only a descriptor can allocate pages, and the shim keeps none: so this is all there ever is.
constexpr size_t only_chunk = 8 * chunk;

} // namespace

int Backing::start(const Part& part, int fd, size_t offset) {
    end_ = part.begin + part.size;
    size_t size = first_size(part);
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
        if (sys::madvise(ready_, chunk, MADV_POPULATE_WRITE) != 0) {
            void* rest = sys::mmap(ready_, static_cast<size_t>(end_ - ready_), PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
            if (!rest)
                return false;
            ready_ = nullptr;
            return true;
        }
        ready_ += chunk;
    }
    return true;
}

} // namespace pqsweep
