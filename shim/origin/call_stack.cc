#include "shim/origin/call_stack.hh"

#include "shim/base/program_file.hh"
#include "shim/base/sys.hh"
#include "shim/base/text.hh"
#include "shim/real/loader_gate.hh"

#include <climits>
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <unistd.h>

namespace pqsweep::call_stack {

namespace {

constexpr int most_of_ours = 8;

struct Walk {
    TextPool& names;
    decltype(Origin::calls)& calls;
    void* addresses[most_of_ours + Origin::most_calls];
    char program[PATH_MAX];
    size_t program_length;

    void run() {
        int depth = backtrace(addresses, static_cast<int>(std::size(addresses)));
        const link_map* ours = object_of(reinterpret_cast<void*>(&note));
        int count = 0;
        for (int i = 0; i < depth && count < Origin::most_calls; i++) {
            // The address that a call returns to can be the first of the next function.
            const void* call = static_cast<const char*>(addresses[i]) - 1;
            const link_map* object = object_of(call);
            if (object && (object != ours || count > 0))
                calls[count++] = name_of(*object, call);
        }
    }

private:
    static const link_map* object_of(const void* address) {
        Dl_info info;
        link_map* map = nullptr;
        return dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) ? map : nullptr;
    }

    TextId name_of(const link_map& object, const void* call) {
        std::string_view file = object.l_name;
        if (file.empty()) {
            if (!program_length)
                program_length = program_file(program, sizeof program).size();
            file = {program, program_length};
        }
        char buffer[TextPool::longest];
        Text frame(buffer);
        frame.raw(file.size() < sizeof buffer - 24 ? file : "?").raw("+0x");
        frame.hex(reinterpret_cast<uintptr_t>(call) - object.l_addr);
        return names.intern(frame.view());
    }
};

} // namespace

void note(TextPool& names, decltype(Origin::calls)& calls) {
    Walk walk{.names = names, .calls = calls, .addresses = {}, .program = {}, .program_length = 0};
    loader_gate::Inside inside;
    walk.run();
}

} // namespace pqsweep::call_stack
