#include "shim/table/backing.hh"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>

namespace pqsweep {

namespace {

constexpr size_t chunk = mapping_unit;
// Before Linux 5.14 there is no way to grow without a descriptor: this has to do.
constexpr size_t only_chunk = 8 * chunk;

} // namespace

bool Backing::start(const Part& part, int fd, size_t offset) {
    end_ = part.begin + part.size;
    size_t size = part.size < chunk ? part.size : chunk;
    if (madvise(part.begin, size, MADV_POPULATE_WRITE) != 0) {
        size = part.size < only_chunk ? part.size : only_chunk;
        if (errno == EFAULT) // where writing would have raised SIGBUS
            errno = ENOSPC;
        if (errno != EINVAL || fallocate(fd, 0, static_cast<off_t>(offset), static_cast<off_t>(size)) != 0)
            return false;
    }
    ready_ = part.begin + size;
    return true;
}

bool Backing::grow(const void* end) {
    while (ready_ < end) {
        if (madvise(ready_, chunk, MADV_POPULATE_WRITE) != 0) {
            void* rest = mmap(ready_, static_cast<size_t>(end_ - ready_), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
            if (rest == MAP_FAILED)
                return false;
            ready_ = nullptr;
            return true;
        }
        ready_ += chunk;
    }
    return true;
}

} // namespace pqsweep
