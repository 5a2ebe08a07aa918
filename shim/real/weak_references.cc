#include "shim/real/weak_references.hh"

#include "shim/base/sys.hh"
#include "shim/real/elf_symbols.hh"

namespace pqsweep::real {

namespace {

// The page can be read-only by now. The kernel writes there all the same, and nothing has to be restored.
void set_to_null(void* const* place) {
    void* const null = nullptr;
    int memory = sys::openat(AT_FDCWD, "/proc/self/mem", O_WRONLY | O_CLOEXEC);
    if (memory < 0)
        return;
    sys::pwrite(memory, {reinterpret_cast<const char*>(&null), sizeof null}, reinterpret_cast<off_t>(place));
    sys::close(memory);
}

} // namespace

void unbind_weak_references() {
    elf_symbols::each_at_start([](const elf_symbols::Object& object) {
        if (!object.is_ours())
            elf_symbols::each_weak_reference_to_us(object, [](void* const* place, const char* name) {
                if (!elf_symbols::definition_behind_us(name))
                    set_to_null(place);
            });
        return false;
    });
}

} // namespace pqsweep::real
