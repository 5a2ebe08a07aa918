// Backing: the file's pages behind the part of a store that is on the board.
//
// As the store grows it allocates them a chunk at a time, before anything is written there. So a full disk makes an
// allocation fail, and raises no SIGBUS. When one fails, the rest of the part becomes memory of this process alone, which
// the tools don't see.
// Context: any thread, signal handler, with the store's lock held. All-zero bytes mean that all memory is there.
#pragma once

#include <cstddef>
#include <sys/types.h>

namespace pqsweep {

// A part that begins and ends on a multiple of this can be mapped alone, with every page size.
constexpr size_t mapping_unit = 65536;
constexpr size_t whole_units(size_t size) {
    return (size + mapping_unit - 1) / mapping_unit * mapping_unit;
}

// The bytes that a store's arrays take behind the Table: on the board, and for this process alone. Both are whole units.
// room(capacity) of a store says how many that many elements need, and settle(capacity, board, own) gives them to it, as zero bytes. Its
// `most` is the capacity in a whole table.
struct Room {
    size_t board = 0, own = 0;
    constexpr Room operator+(Room other) const { return {board + other.board, own + other.own}; }
};

// A part has this much from the start. Most processes need no more, and each page costs them a page fault.
#ifdef __x86_64__
constexpr size_t first_pages = 16384;
#else
constexpr size_t first_pages = mapping_unit; // a page can be as large
#endif

// Maps writable memory that comes page by page as it is used, also to a program that locks all that it maps (mlockall).
// Returns null if that fails.
void* map_by_page(void* place, size_t size, int flags, int fd = -1, off_t offset = 0);

// The bytes of a store that are on the board. Only the first `used` of them were ever written to.
struct Part {
    char* begin;
    size_t used;
    size_t first; // so many are there from the start
    size_t size;
};

// Returns the part of `size` bytes of which those before `used_end` were written to.
inline Part part_from(void* first, void* used_end, size_t size) {
    auto* begin = static_cast<char*>(first);
    return {begin, static_cast<size_t>(static_cast<char*>(used_end) - begin), first_pages, size};
}

class Backing {
public:
    // `part` is a mapping of the file `fd` at `offset`. Returns a negative errno if the kernel gives no pages for its
    // beginning, else 0.
    int start(const Part& part, int fd, size_t offset);
    // Returns whether all before `end` can be written to, after allocating it if need be.
    bool reaches(const void* end) { return !ready_ || static_cast<const char*>(end) <= ready_ || grow(end); }
    // The part has become memory of this process alone.
    void stop() { ready_ = nullptr; }

private:
    bool grow(const void* end);

    char* ready_;
    char* end_;
};

} // namespace pqsweep
