#include "shim/lifecycle/yielded_gil.hh"

#include "shim/base/guards.hh"
#include "shim/real/elf_symbols.hh"

namespace pqsweep {

namespace {

template<class Function>
Function function_of(const void* interpreter, const char* name, const char* former_name) {
    void* found = elf_symbols::definition_around(interpreter, name);
    if (!found)
        found = elf_symbols::definition_around(interpreter, former_name);
    return reinterpret_cast<Function>(found);
}

} // namespace

YieldedGil::YieldedGil() {
    KeepErrno keep;
    void* found = elf_symbols::first_definition("PyGILState_GetThisThreadState");
    if (!found)
        return;
    using State = void* (*)();
    auto own_state = reinterpret_cast<State>(found);
    auto function = [&]<class Function>(Function& to, const char* name, const char* former_name) {
        to = function_of<Function>(found, name, former_name);
        return to != nullptr;
    };
    State state_in_charge = nullptr; // returns the state of the thread that has the GIL
    State save = nullptr;
    int (*is_finalizing)() = nullptr;
    void (*restore)(void*) = nullptr;
    bool is_whole = function(state_in_charge, "PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet") &&
                    function(is_finalizing, "Py_IsFinalizing", "_Py_IsFinalizing") &&
                    function(save, "PyEval_SaveThread", "PyEval_SaveThread") &&
                    function(restore, "PyEval_RestoreThread", "PyEval_RestoreThread");
    void* own = own_state();
    if (!is_whole || !own || state_in_charge() != own || is_finalizing())
        return;
    state_ = save();
    restore_ = restore;
}

YieldedGil::~YieldedGil() {
    KeepErrno keep;
    if (restore_)
        restore_(state_);
}

} // namespace pqsweep
