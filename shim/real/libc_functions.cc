#include "shim/real/libc_functions.hh"

#include "shim/real/elf_symbols.hh"

namespace pqsweep::real {

// NOLINTNEXTLINE(bugprone-macro-parentheses): a declared name
#define HOOK(result, name, parameters) constinit LibcFunction<result parameters> name{#name};
#include "shim/real/libc_calls.def"

void* LibcFunctionBase::find() {
    void* found = elf_symbols::definition_behind_us(name_.c_str());
    address_.store(found, std::memory_order_relaxed);
    return found;
}

void resolve() {
#define HOOK(result, name, parameters) name.pointer();
#include "shim/real/libc_calls.def"
}

} // namespace pqsweep::real
