// The yielded GIL: lets the other threads of a Python interpreter run while this one waits for them.
//
// `os.environ["PQSWEEP_TAG"] = ...` calls setenv with the GIL. A sweep that waits there for another thread's transaction
// would wait in vain: that thread's query has returned, and its Python code needs the GIL to go on. So this takes the GIL from the
// thread as the interpreter itself does between two byte codes, and gives it back at the end.
//
// It does so only if this thread has the GIL, and the interpreter is not ending. It leaves subinterpreters alone.
//
// Context: a thread in a change of the environment or in a hook, not a signal handler. errno: kept. Locks: the one of the
// loader's list of objects; at the end, the GIL.
#pragma once

namespace pqsweep {

class YieldedGil {
public:
    YieldedGil();
    ~YieldedGil();
    YieldedGil(const YieldedGil&) = delete;
    YieldedGil& operator=(const YieldedGil&) = delete;

private:
    void (*restore_)(void*) = nullptr; // null: the thread did not have it
    void* state_ = nullptr;
};

} // namespace pqsweep
