#include "shim/real/libc_functions.hh"

#include "shim/real/elf_symbols.hh"

namespace pqsweep::real {

// NOLINTNEXTLINE(bugprone-macro-parentheses): a declared name
#define HOOK(result, name, parameters) constinit LibcFunction<result parameters> name{#name};
#include "shim/real/libc_calls.def"

void* LibcFunctionBase::find() {
    void* found = elf_symbols::definition_behind_us(name_);
    address_.store(found, std::memory_order_relaxed);
    return found;
}

void LibcFunctionBase::look_into(const elf_symbols::Symbols& symbols) {
    if (!address_.load(std::memory_order_relaxed))
        address_.store(symbols.find(name_), std::memory_order_relaxed);
}

// Goes through the objects once: a program can have a hundred before libc.
void resolve() {
    elf_symbols::each_behind_us(
        [](const elf_symbols::Symbols& symbols, void*) {
#define HOOK(result, name, parameters) name.look_into(symbols);
#include "shim/real/libc_calls.def"
            return false;
        },
        nullptr);
}

} // namespace pqsweep::real
