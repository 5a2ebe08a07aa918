// Keeps the sanitizers of a program from judging what the shim does.
//
// TSan and MSan, in a program that is built with them, check libc's functions also when the shim or libpq calls them. But
// TSan has seen no atomic of ours, and MSan none of our stores: they would accuse the program [hosts].
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include <cstdint>

extern "C" {
// In spite of its name, TSan ignores writes, too.
[[gnu::weak]] void tsan_ignore(const char* file, int line) __asm__("AnnotateIgnoreReadsBegin");
[[gnu::weak]] void tsan_heed(const char* file, int line) __asm__("AnnotateIgnoreReadsEnd");
[[gnu::weak]] void msan_ignore() __asm__("__msan_scoped_disable_interceptor_checks");
[[gnu::weak]] void msan_heed() __asm__("__msan_scoped_enable_interceptor_checks");
}

namespace pqsweep {

#ifdef __SANITIZE_THREAD__
inline constexpr bool is_instrumented = true;
#else
inline constexpr bool is_instrumented = false;
#endif

// Returns whether the program has a sanitizer that is asked to look away. Each call of libpq makes this test four times.
inline bool has_sanitizer() {
    return (reinterpret_cast<uintptr_t>(tsan_ignore) | reinterpret_cast<uintptr_t>(msan_ignore)) != 0;
}

inline void look_away() {
    if (!has_sanitizer()) [[likely]]
        return;
    if (!is_instrumented && tsan_ignore)
        tsan_ignore(__FILE__, __LINE__);
    if (msan_ignore)
        msan_ignore();
}

inline void look_again() {
    if (!has_sanitizer()) [[likely]]
        return;
    if (!is_instrumented && tsan_heed)
        tsan_heed(__FILE__, __LINE__);
    if (msan_heed)
        msan_heed();
}

// While one lives, the sanitizer ignores the thread.
class Unseen {
public:
    Unseen() { look_away(); }
    ~Unseen() { look_again(); }
    Unseen(const Unseen&) = delete;
    Unseen& operator=(const Unseen&) = delete;
};

// Calls the real function where an Unseen lives. That function can call the program back, or be left by a jump, and the
// sanitizer is to see the program.
template<class Function, class... Args>
auto in_sight(Function function, Args... args) {
    struct Seen {
        Seen() { look_again(); }
        ~Seen() { look_away(); }
    } seen;
    return function(args...);
}

} // namespace pqsweep
