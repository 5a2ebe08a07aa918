#include "shim/origin/call_stack.hh"

#include "shim/base/program_file.hh"
#include "shim/base/text.hh"
#include "shim/real/elf_symbols.hh"
#include "shim/real/libc_functions.hh"

#include <climits>
#include <iterator>

namespace pqsweep::call_stack {

namespace {

using elf_symbols::Object;

constexpr int most_of_ours = 8;

struct Walk {
    TextPool& names;
    decltype(Origin::calls)& calls;
    void* addresses[most_of_ours + Origin::most_calls];
    char program[PATH_MAX];
    size_t program_length;

    void run() {
        int depth = walk();
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
    // backtrace() loads libgcc_s the first time, for which it takes the loader's lock.
    int walk() {
        auto* backtrace = real::libc_function<int(void**, int)>("backtrace");
        loader_gate::Inside inside;
        return backtrace ? backtrace(addresses, static_cast<int>(std::size(addresses))) : 0;
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

void note(TextPool& names, decltype(Origin::calls)& calls) {
    Walk walk{.names = names, .calls = calls, .addresses = {}, .program = {}, .program_length = 0};
    walk.run();
}

} // namespace pqsweep::call_stack
