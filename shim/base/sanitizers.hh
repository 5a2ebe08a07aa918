// TSan and MSan, in a program that was built with them, also check libc's functions when we call them. But TSan has
// seen no atomic of ours, and MSan nothing of what we wrote: they would accuse the program of what we do.
#pragma once

extern "C" {
// In spite of its name it stands for writes, too.
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

inline void look_away() {
    if (!is_instrumented && tsan_ignore)
        tsan_ignore(__FILE__, __LINE__);
    if (msan_ignore)
        msan_ignore();
}

inline void look_again() {
    if (!is_instrumented && tsan_heed)
        tsan_heed(__FILE__, __LINE__);
    if (msan_heed)
        msan_heed();
}

// While one lives, the thread's sanitizer looks away.
class Unseen {
public:
    Unseen() { look_away(); }
    ~Unseen() { look_again(); }
    Unseen(const Unseen&) = delete;
    Unseen& operator=(const Unseen&) = delete;
};

// Calls the real function, which may call the program back, or be left by a jump; to be used where an Unseen lives.
template<class Function, class... Args>
auto in_sight(Function function, Args... args) {
    struct Seen {
        Seen() { look_again(); }
        ~Seen() { look_away(); }
    } seen;
    return function(args...);
}

} // namespace pqsweep
