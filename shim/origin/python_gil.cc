#include "shim/origin/python_gil.hh"

#include "shim/base/text.hh"
#include "shim/real/elf_symbols.hh"

#include <cstring>
#include <type_traits>

namespace pqsweep::python {

namespace {

struct Object; // Python's

#define PYTHON_CALLS(CALL)                                                                                   \
    CALL(PyGILState_Ensure, int (*)())                                                                       \
    CALL(PyGILState_Release, void (*)(int))                                                                  \
    CALL(PyInterpreterState_Head, void* (*)())                                                               \
    CALL(PyInterpreterState_Next, void* (*)(void*))                                                          \
    CALL(PyThreadState_GetFrame, Object* (*)(void*))                                                         \
    CALL(PyFrame_GetBack, Object* (*)(Object*))                                                              \
    CALL(PyFrame_GetCode, Object* (*)(Object*))                                                              \
    CALL(PyFrame_GetLineNumber, int (*)(Object*))                                                            \
    CALL(PyObject_GetAttrString, Object* (*)(Object*, const char*))                                          \
    CALL(PyUnicode_AsUTF8AndSize, const char* (*)(Object*, ssize_t*))                                        \
    CALL(PyErr_Fetch, void (*)(Object**, Object**, Object**))                                                \
    CALL(PyErr_Restore, void (*)(Object*, Object*, Object*))                                                 \
    CALL(PyErr_Clear, void (*)())                                                                            \
    CALL(Py_DecRef, void (*)(Object*))

struct Api {
#define CALL(name, type) std::type_identity_t<type> name;
    PYTHON_CALLS(CALL)
#undef CALL
    int (*is_finalizing)();
    void* (*state_in_charge)(); // returns the state of the thread that has the GIL

    // Returns false if any function is missing.
    bool load(const void* interpreter) {
        bool is_whole = true;
        auto find = [&](auto& function, const char* name, const char* former_name = nullptr) {
            void* found = elf_symbols::definition_around(interpreter, name, former_name);
            memcpy(&function, &found, sizeof found);
            is_whole &= found != nullptr;
        };
#define CALL(name, type) find(name, #name);
        PYTHON_CALLS(CALL)
#undef CALL
        find(is_finalizing, "Py_IsFinalizing", "_Py_IsFinalizing");
        find(state_in_charge, "PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet");
        return is_whole;
    }
};

class Reference {
public:
    Reference(const Api& api, Object* object) : api_(api), object_(object) {}
    ~Reference() { drop(); }
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;
    void replace(Object* object) {
        drop();
        object_ = object;
    }
    Object* get() const { return object_; }

private:
    void drop() {
        if (object_)
            api_.Py_DecRef(object_);
    }
    const Api& api_;
    Object* object_;
};

std::string_view text_of(const Api& api, const Reference& text) {
    ssize_t size = 0;
    const char* bytes = text.get() ? api.PyUnicode_AsUTF8AndSize(text.get(), &size) : nullptr;
    return bytes ? std::string_view(bytes, static_cast<size_t>(size)) : "???";
}

void read_frames(const Api& api, void* state, Visit visit, void* data) {
    Object *type = nullptr, *value = nullptr, *traceback = nullptr;
    api.PyErr_Fetch(&type, &value, &traceback);
    Reference frame(api, api.PyThreadState_GetFrame(state));
    for (int n = 0; frame.get() && n < most_frames; n++) {
        Reference code(api, api.PyFrame_GetCode(frame.get()));
        Reference file(api, api.PyObject_GetAttrString(code.get(), "co_filename"));
        Reference function(api, api.PyObject_GetAttrString(code.get(), "co_name"));
        int line = api.PyFrame_GetLineNumber(frame.get());
        visit(data, {text_of(api, file), line > 0 ? static_cast<uint32_t>(line) : 0, text_of(api, function)});
        frame.replace(api.PyFrame_GetBack(frame.get()));
    }
    api.PyErr_Clear();
    api.PyErr_Restore(type, value, traceback);
}

// Returns whether a Python module or libffi is at `address`. _psycopg.cpython-313-x86_64-linux-gnu.so defines
// PyInit__psycopg, and libffi defines ffi_call.
bool is_python_module(const void* address) {
    std::string_view file = elf_symbols::object_around(address).name;
    if (size_t slash = file.rfind('/'); slash != file.npos)
        file.remove_prefix(slash + 1);
    char name[256];
    Text text(name, sizeof name - 1);
    text.raw("PyInit_").raw({file.data(), file.find('.') == file.npos ? file.size() : file.find('.')});
    name[text.size()] = 0;
    return elf_symbols::definition_around(address, name) ||
           elf_symbols::definition_around(address, "ffi_call");
}

} // namespace

void each_frame_with_gil(const void* interpreter, const void* caller, void* state, Visit visit, void* data) {
    Api api{};
    if (!api.load(interpreter) || api.is_finalizing() ||
        api.PyInterpreterState_Next(api.PyInterpreterState_Head()))
        return;
    if (api.state_in_charge() == state) {
        read_frames(api, state, visit, data);
    } else if (is_python_module(caller)) {
        int former = api.PyGILState_Ensure();
        read_frames(api, state, visit, data);
        api.PyGILState_Release(former);
    }
}

} // namespace pqsweep::python
