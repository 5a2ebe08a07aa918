// A library holds a lock of its own while it connects.
// link: -lpq
#include <atomic>
#include <libpq-fe.h>
#include <mutex>
#include <thread>

namespace {

std::mutex mutex;
std::atomic<bool> is_locked, is_awaited;

} // namespace

extern "C" void connect_locked() {
    std::lock_guard guard(mutex);
    is_locked = true;
    while (!is_awaited)
        std::this_thread::yield();
    PQconnectdb("");
}

extern "C" void wait_until_locked() {
    while (!is_locked)
        std::this_thread::yield();
}

extern "C" void wait_for_lock() {
    is_awaited = true;
    std::lock_guard guard(mutex);
}
