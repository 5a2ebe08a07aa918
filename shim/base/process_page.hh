// The process page: what is true of this process, and of no child of it.
//
// The kernel empties the page in every child, also after a fork that runs no handlers (MADV_WIPEONFORK). So a child begins
// like any other process, and nothing of ours runs in a child that never meets libpq. Only vfork's child shares its parent's.
//
//      parent                                     child
//     +---------------------------------+  fork  +-------------------+
//     | table, threads inside, ...      | ─────▶ | 0                 |
//     +---------------------------------+        +-------------------+
//
// Context: any thread, signal handler. errno: kept. Locks: none. All-zero bytes are the page of a process that has just begun.
#pragma once

#include "shim/base/lock.hh"

#include <atomic>
#include <cstdint>
#include <sys/types.h>

namespace pqsweep {

struct Table;

enum class Step : uint8_t { not_yet, under_way, done };

struct ProcessPage {
    std::atomic<Table*> table{}; // see table::existing()
    std::atomic<pid_t> pid{};    // 0: the process has not begun, see process::begin()
    std::atomic<Step> beginning{};
    std::atomic<Step> making_table{};
    std::atomic<bool> is_ended{};
    std::atomic<int> threads_inside{}, forks_under_way{}; // see loader_gate.hh
    Lock publishing{};                                    // a libpq that was found
};

namespace process_page {

// Points to a blank page until writable() makes one.
extern constinit std::atomic<ProcessPage*> place;

// Returns this process's page, and makes it at the first call. Of two threads that make it at once, one does.
ProcessPage& writable();

// Returns whether the kernel says that it empties the page in children.
bool is_lost_in_forks();
// Returns whether the fork handler has to call empty(), since the kernel does not, or since an emulator says what it does not do.
// Children by raw system calls have their parent's page then.
bool has_to_be_emptied();
void empty();

} // namespace process_page

// Returns the page for readers.
inline ProcessPage& this_process() {
    return *process_page::place.load(std::memory_order_acquire);
}

} // namespace pqsweep
