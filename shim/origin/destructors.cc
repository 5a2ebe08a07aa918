#include "shim/origin/destructors.hh"

#include "shim/base/settings.hh"
#include "shim/origin/python_dump.hh"
#include "shim/real/elf_symbols.hh"

namespace pqsweep::destructors {

namespace {

// Takes the frames of a thread, the innermost first.
struct Look {
    bool has_found = false;
    bool was_in_finalizer = false; // the frame before was

    void take(const python::Frame& frame) {
        bool is_pools = frame.file.find("/sqlalchemy/pool") != frame.file.npos;
        has_found |=
            frame.function == "__del__" || (is_pools && was_in_finalizer && frame.function == "<lambda>");
        was_in_finalizer = is_pools && frame.function == "_finalize_fairy";
    }
};

bool is_in_pythons(const void* caller) {
    if (python::is_finalizing())
        return true;
    if (the_settings().stacks == Stacks::none)
        return false;
    Look look;
    python::each_frame(
        caller, [](void* data, const python::Frame& frame) { static_cast<Look*>(data)->take(frame); }, &look);
    return look.has_found;
}

bool is_in_rubys() {
    void* found = elf_symbols::first_definition("rb_during_gc");
    return found && reinterpret_cast<int (*)()>(found)();
}

} // namespace

bool is_running(const void* caller) {
    return is_in_pythons(caller) || is_in_rubys();
}

} // namespace pqsweep::destructors
