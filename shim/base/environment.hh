// The environment of the host program, read while other threads change it.
//
// Why: the tag is in the environment, and it can change at any moment and in four ways.
//   1. Through libc's setenv() and its kin. Our hooks of them wrap the real call, and what they read afterwards, in a Mutation.
//   2. A program writes `environ` itself, and calls nothing: Perl does.
//   3. A program changes in place the buffer that it gave to putenv().
//   4. A program points `environ` at other memory, and may free that without ever looking at it again.
//
// In short, read() looks names up and takes a picture: the address of the array, its end, and the entries that it found, with
// their texts. as_last_read() compares the environment with the picture, at every libpq call that starts work.
//
// Example: pytest sets PYTEST_CURRENT_TEST with setenv(): the hook reads. A Perl test assigns $ENV{PQSWEEP_TAG}: the next
// query finds that the entry is another one, and reads.
//
// Cost: as_last_read() needs about 5 ns, no system call and no lock. read() goes through the whole array once. If no hook
// says that libc has changed it, it asks the kernel whether each page is there, because of 4.
//
// Context: any thread, signal handler. errno: kept.
#pragma once

#include <string_view>

namespace pqsweep::environment {

// A change that libc makes, until its thread has looked at it: what a change means is that thread's business alone, and the
// others go by what was read last [worker_thread].
// Until made(), libc moves entries about, and nobody may read. Waits for the threads that read for a quarter of a second at
// most. A reader waits for a change as long, because it might be a handler that interrupted that change, and then gives up.
class Mutation {
public:
    Mutation();
    void made();
    void looked_at();
    ~Mutation() { looked_at(); }
    Mutation(const Mutation&) = delete;
    Mutation& operator=(const Mutation&) = delete;

private:
    bool lives_ = true;
};

// While one lives, the Mutations of other threads wait. For a revival: libpq reads the environment when it connects, but its
// caller only uses a connection, and does not expect a setenv() in another thread to matter [revival_environment].
class Standstill {
public:
    Standstill();
    ~Standstill();
    Standstill(const Standstill&) = delete;
    Standstill& operator=(const Standstill&) = delete;
};

// Returns false if something may have changed since the last read(): the array, its end, or the first kilobytes of the
// entries in the picture. While a Mutation lives, returns true.
bool as_last_read();

// The code that changed the environment since the last read().
enum class Changed : bool { by_libc, by_anybody };

constexpr int most_names = 21;

// Looks up `count` names and calls use(context, values) with their values, null for those that are not set. The values are
// good until `use` returns. Does not call it if another thread has yet to look at a change, or if the memory is gone:
// that says nothing of the tag.
void read(const std::string_view* names, int count, Changed changed,
          void (*use)(void* context, const char* const* values), void* context);

// Makes as_last_read() return false until the next read().
void doubt();

// Returns what getenv() would. For code that runs before another thread can change the environment, or that has to take
// that risk as libpq does.
char* find(const char* name);

// Forgets the reads and changes of other threads, in the child of a fork: they do not exist there.
void forget();

} // namespace pqsweep::environment
