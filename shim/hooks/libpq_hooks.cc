// Defines libpqsweep.so's libpq functions. Each passes its call on to the libpq that the caller would have got without us, and
// notes what the call means for the connection.
#include "shim/base/text.hh"
#include "shim/hooks/cancel_calls.hh"
#include "shim/hooks/lookup.hh"
#include "shim/hooks/notice_calls.hh"
#include "shim/hooks/session_calls.hh"
#include "shim/hooks/work_calls.hh"

#include <cstring>

namespace pqsweep {

namespace {

template<Call call, class... Args>
auto hook(const void* caller, Args... args) {
    constexpr Door door = kind_of<call>.door;
    if constexpr (door == Door::connect)
        return connect<call>(caller, args...);
    else if constexpr (door == Door::poll)
        return poll<call>(caller, args...);
    else if constexpr (door == Door::reset)
        return reset<call>(caller, args...);
    else if constexpr (door == Door::finish)
        return finish<call>(caller, args...);
    else if constexpr (door == Door::result_error)
        return result_error<call>(caller, args...);
    else if constexpr (door == Door::message)
        return message<call>(caller, args...);
    else if constexpr (door == Door::get_cancel)
        return get_cancel<call>(caller, args...);
    else if constexpr (door == Door::start_cancel)
        return start_cancel<call>(caller, args...);
    else if constexpr (door == Door::use_cancel)
        return use_cancel<call>(caller, args...);
    else if constexpr (door == Door::free_cancel)
        free_cancel<call>(caller, args...);
    else if constexpr (door == Door::set_receiver)
        return set_receiver<call>(caller, args...);
    else
        return [=](PGconn* conn, auto... rest) { return work<call>(conn, caller, rest...); }(args...);
}

// Two functions with the same hash would not compile.
void* find_hook(const char* name, const Libpq* libpq) {
    switch (fnv1a(name)) {
#define HOOK(kind, result, function, parameters, arguments)                                                  \
    case fnv1a(#function):                                                                                   \
        return strcmp(name, #function) == 0 ? hook_for<Call::function>(&::function, libpq) : nullptr;
#include "shim/real/libpq_calls.def"
    default:
        return nullptr;
    }
}

} // namespace

void* hook_of(const char* name, const Libpq& libpq) {
    return find_hook(name, &libpq);
}
void* hook_of(const char* name) {
    return find_hook(name, nullptr);
}

} // namespace pqsweep

#define UNPAREN(...) __VA_ARGS__
#define HOOK(kind, result, name, parameters, arguments)                                                      \
    extern "C" [[gnu::visibility("default")]] result name parameters {                                       \
        return pqsweep::hook<pqsweep::Call::name>(__builtin_return_address(0), UNPAREN arguments);           \
    }
#include "shim/real/libpq_calls.def"
