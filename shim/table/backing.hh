// Backing: what stands behind the part of a store that is on the board. A file's pages are had a chunk at a time, as
// the store grows, and before they are written to: a full disk shows when they are asked for, and never as SIGBUS.
// Where no more can be had, the rest of the part becomes memory of this process alone, which the tools don't see.
// Async-signal-safe; not thread-safe: its store's lock is. All-zero bytes stand for memory that is all there.
#pragma once

#include <cstddef>

namespace pqsweep {

// What begins and ends on a multiple of this can be mapped by itself, whatever the size of a page.
constexpr size_t mapping_unit = 65536;

// The bytes of a store that are on the board; `used` of them, from the beginning, have ever been written to.
struct Part {
    char* begin;
    size_t used;
    size_t size;
};

// Of a store whose members from `first` on are on the board.
template<class Store>
Part part_of(Store* store, void* first, void* used_end) {
    auto* begin = static_cast<char*>(first);
    return {begin, static_cast<size_t>(static_cast<char*>(used_end) - begin),
            static_cast<size_t>(reinterpret_cast<char*>(store + 1) - begin)};
}

class Backing {
public:
    // `part` is a mapping of the file `fd` at `offset`. Returns a negative errno if the kernel gives no pages for its
    // beginning, else 0.
    int start(const Part& part, int fd, size_t offset);
    // Whether all before `end` may be written to.
    bool reaches(const void* end) { return !ready_ || static_cast<const char*>(end) <= ready_ || grow(end); }
    // The part has become memory of this process alone.
    void stop() { ready_ = nullptr; }

private:
    bool grow(const void* end);

    char* ready_;
    char* end_;
};

} // namespace pqsweep
