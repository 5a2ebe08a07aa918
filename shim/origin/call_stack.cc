#include "shim/origin/call_stack.hh"

#include "shim/base/environment.hh"
#include "shim/base/guards.hh"
#include "shim/base/program_file.hh"
#include "shim/base/settings.hh"
#include "shim/base/text.hh"
#include "shim/real/elf_symbols.hh"
#include "shim/real/libc_functions.hh"

#include <climits>
#include <iterator>
#include <unwind.h>

namespace pqsweep::call_stack {

namespace {

using elf_symbols::Object;

constexpr int most_of_ours = 8;
constexpr const char* library = "libgcc_s.so.1";

struct Unwinder {
    decltype(&_Unwind_Backtrace) backtrace;
    decltype(&_Unwind_GetIP) address_in;
};

Unwinder find_unwinder() {
    const elf_symbols::Symbols symbols(elf_symbols::object_called(library));
    return {reinterpret_cast<decltype(&_Unwind_Backtrace)>(symbols.find("_Unwind_Backtrace")),
            reinterpret_cast<decltype(&_Unwind_GetIP)>(symbols.find("_Unwind_GetIP"))};
}

// The program can call dlopen() before its settings are loaded.
bool are_wanted() {
    const char* value = settings::is_disabled() ? nullptr : environment::find("PQSWEEP_STACKS");
    return value && std::string_view(value) == "1";
}

void load_unwinder() {
    loader_gate::Inside inside;
    real::dlopen(library, RTLD_LAZY);
}

struct Walk {
    TextPool& names;
    decltype(Origin::calls)& calls;
    decltype(Unwinder::address_in) address_in;
    void* addresses[most_of_ours + Origin::most_calls];
    int depth;
    char program[PATH_MAX];
    size_t program_length;

    void run() {
        walk();
        int count = 0;
        for (int i = 0; i < depth && count < Origin::most_calls; i++) {
            // The address that a call returns to can be the first of the next function.
            const void* call = static_cast<const char*>(addresses[i]) - 1;
            Object object = elf_symbols::object_around(call);
            if (object.dynamic && (!object.is_ours() || count > 0))
                calls[count++] = name_of(object, call);
        }
    }

private:
    void walk() {
        Unwinder unwinder = find_unwinder();
        if (!unwinder.backtrace) {
            load_unwinder();
            unwinder = find_unwinder();
        }
        if (!unwinder.backtrace)
            return;
        address_in = unwinder.address_in;
        loader_gate::Inside inside;
        unwinder.backtrace(
            [](_Unwind_Context* context, void* self) { return static_cast<Walk*>(self)->take(context); },
            this);
    }

    _Unwind_Reason_Code take(_Unwind_Context* context) {
        void* address = reinterpret_cast<void*>(address_in(context));
        if (!address) // the outermost frame of a thread can have none
            return _URC_END_OF_STACK;
        addresses[depth++] = address;
        return depth < static_cast<int>(std::size(addresses)) ? _URC_NO_REASON : _URC_END_OF_STACK;
    }

    TextId name_of(const Object& object, const void* call) {
        std::string_view file = object.name;
        if (file.empty()) {
            if (!program_length)
                program_length = program_file(program, sizeof program).size();
            file = {program, program_length};
        }
        char buffer[TextPool::longest];
        Text frame(buffer);
        for (char byte : elf_symbols::build_id_of(object))
            frame.hex(static_cast<unsigned char>(byte), 2);
        constexpr size_t longest_offset = 24;
        frame.raw(" ")
            .raw(frame.size() + file.size() < sizeof buffer - longest_offset ? file : "?")
            .raw("+0x");
        frame.hex(reinterpret_cast<uintptr_t>(call) - object.base);
        return names.intern(frame.view());
    }
};

} // namespace

void prepare() {
    KeepErrno keep;
    if (are_wanted() && !find_unwinder().backtrace)
        load_unwinder();
}

void note(TextPool& names, decltype(Origin::calls)& calls) {
    Walk walk{.names = names,
              .calls = calls,
              .address_in = nullptr,
              .addresses = {},
              .depth = 0,
              .program = {},
              .program_length = 0};
    walk.run();
}

} // namespace pqsweep::call_stack
