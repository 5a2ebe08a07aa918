#include "shim/lifecycle/yielded_gil.hh"

#include "shim/base/guards.hh"
#include "shim/origin/python_dump.hh"
#include "shim/real/elf_symbols.hh"

namespace pqsweep {

YieldedGil::YieldedGil() {
    KeepErrno keep;
    void* interpreter = elf_symbols::first_definition("PyGILState_GetThisThreadState");
    if (!interpreter || python::is_finalizing())
        return;
    using State = void* (*)();
    auto function = [&](const char* name, const char* former_name = nullptr) {
        return elf_symbols::definition_around(interpreter, name, former_name);
    };
    auto own_state = reinterpret_cast<State>(interpreter);
    auto state_in_charge = reinterpret_cast<State>( // the state of the thread that has the GIL
        function("PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet"));
    auto save = reinterpret_cast<State>(function("PyEval_SaveThread"));
    auto restore = reinterpret_cast<decltype(restore_)>(function("PyEval_RestoreThread"));
    if (!state_in_charge || !save || !restore)
        return;
    void* own = own_state();
    if (!own || state_in_charge() != own)
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
