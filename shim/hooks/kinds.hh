// Says in one table what tells the kinds of libpq functions apart that libpq_calls.def names. A hook asks for a property of
// its function's kind, not for the function's name.
#pragma once

#include "shim/lifecycle/tracker.hh"

#include <type_traits>

namespace pqsweep {

// Names the template that surrounds the real call: session_calls.hh has the first four, work_calls.hh the next three,
// cancel_calls.hh the next four, notice_calls.hh the last one.
enum class Door : uint8_t {
    connect,
    poll,
    reset,
    finish,
    work,
    message,
    result_error,
    get_cancel,
    start_cancel,
    use_cancel,
    free_cancel,
    set_receiver
};

struct Kind {
    Door door;
    // What the call does with a connection of the parent process.
    tracker::Use use = tracker::Use::go_on;
    // The call starts something on the server. If the connection was swept, the hook revives it first.
    bool starts_work = false;
    // The call returns when what it started is done.
    bool waits = false;
    // The call takes bytes that the server sent. libpq touches nothing if no command is in progress ...
    bool reads = false;
    // ... except in this call, which also takes what the server sends by itself.
    bool looks = false;
    // The function returns this if it fails. One that returns a pointer returns null.
    int failure = 0;
};

namespace kinds {

using tracker::Use;

// clang-format off
inline constexpr Kind connect{.door = Door::connect, .waits = true};
inline constexpr Kind start  {.door = Door::connect};
inline constexpr Kind poll   {.door = Door::poll,    .use = Use::work};
inline constexpr Kind reset  {.door = Door::reset,   .use = Use::finish};
inline constexpr Kind finish {.door = Door::finish,  .use = Use::finish};

inline constexpr Kind exec   {.door = Door::work, .use = Use::work, .starts_work = true, .waits = true};
inline constexpr Kind set    {.door = Door::work, .use = Use::work, .starts_work = true, .waits = true, .failure = -1};
inline constexpr Kind send   {.door = Door::work, .use = Use::work, .starts_work = true};
inline constexpr Kind read   {.door = Door::work, .reads = true, .failure = -1};
inline constexpr Kind look   {.door = Door::work, .use = Use::work, .reads = true, .looks = true};
inline constexpr Kind write  {.door = Door::work, .failure = -1};
inline constexpr Kind message{.door = Door::message};
inline constexpr Kind result_error{.door = Door::result_error};
inline constexpr Kind get_cancel {.door = Door::get_cancel};
inline constexpr Kind start_cancel {.door = Door::start_cancel};
inline constexpr Kind use_cancel   {.door = Door::use_cancel};
inline constexpr Kind cancel_status{.door = Door::use_cancel, .failure = CONNECTION_BAD};
inline constexpr Kind cancel_socket{.door = Door::use_cancel, .failure = -1};
inline constexpr Kind free_cancel{.door = Door::free_cancel};
inline constexpr Kind set_receiver{.door = Door::set_receiver};
// clang-format on

} // namespace kinds

template<Call>
inline constexpr Kind kind_of{};
#define HOOK(kind, result, name, parameters, arguments)                                                      \
    template<>                                                                                               \
    inline constexpr Kind kind_of<Call::name> = kinds::kind;
#include "shim/real/libpq_calls.def"

// Returns what the function returns if nothing could be sent. libpq's error message says why.
template<Call call, class... Args>
constexpr auto failure(Args...) {
    using Result = std::invoke_result_t<typename Function<call>::Type, Args...>;
    if constexpr (std::is_pointer_v<Result>)
        return Result(nullptr);
    else
        return Result(kind_of<call>.failure);
}

} // namespace pqsweep
