// The environment of the host program, read while other threads may change it.
//
// Programs that change it through libc are seen by our hooks of setenv and its kin, which wrap the real call
// in a Mutation. Perl writes `environ` itself and calls none of them, and whoever gave putenv() a buffer may
// change it in place: as_last_read() notices that without a system call, and is asked at every libpq call
// that starts work.
#pragma once

#include <string_view>

namespace pqsweep::environment {

// Keeps readers out while libc moves entries about. It waits for the one that is at it, which no signal can
// delay. A reader waits for a change no longer than about 50 ms, as it may be in a handler that interrupted it,
// and then gives up: whoever makes the change reads when it is done.
class Mutation {
public:
    Mutation();
    ~Mutation();
    Mutation(const Mutation&) = delete;
    Mutation& operator=(const Mutation&) = delete;
};

// False when something may have changed since the last read(): the array, its end, or the first kilobytes of
// the entries that we watch. No system call, no lock.
bool as_last_read();

// Looks up `count` names (at most 20) and calls use(context, values) with their values, null where unset. The
// values are good until `use` returns. Does nothing when a Mutation is under way all the time.
void read(const std::string_view* names, int count, void (*use)(void* context, const char* const* values),
          void* context);

// As getenv(), for who can't ask that.
char* find(const char* name);
// The same with no Mutation under way. Null, too, where there is one all the time.
char* find_guarded(const char* name);

// In the child of a fork, where other threads' reads and changes do not exist.
void forget();

} // namespace pqsweep::environment
