#include "shim/origin/python_dump.hh"

#include "shim/base/sys.hh"
#include "shim/base/text.hh"
#include "shim/origin/python_gil.hh"
#include "shim/origin/python_layout.hh"
#include "shim/origin/python_text.hh"
#include "shim/real/elf_symbols.hh"

#include <atomic>
#include <cstring>
#include <pthread.h>

namespace pqsweep::python {

namespace {

using OwnState = void* (*)();               // PyGILState_GetThisThreadState
using Dump = void (*)(int fd, void* state); // PyUnstable_DumpTraceback, or _Py_DumpTraceback as it was called

constinit std::atomic<OwnState> own_state;
constinit std::atomic<Dump> dump;

constinit std::atomic<unsigned long long> changes_searched;

// The interpreter can come with a library, and go with it.
bool is_there() {
    unsigned long long changes = elf_symbols::changes();
    if (changes == changes_searched.load(std::memory_order_acquire))
        return own_state.load(std::memory_order_relaxed);
    void* found = elf_symbols::first_definition("PyGILState_GetThisThreadState");
    void* dumping = elf_symbols::definition_around(found, "PyUnstable_DumpTraceback", "_Py_DumpTraceback");
    dump.store(reinterpret_cast<Dump>(dumping), std::memory_order_relaxed);
    own_state.store(reinterpret_cast<OwnState>(found), std::memory_order_relaxed);
    changes_searched.store(changes, std::memory_order_release);
    return found;
}

// A pipe that never makes its writer wait: it drops what does not fit. A dump is some 8 writes for each frame, and a pipe
// takes them at half the price of a memory file. The thread is not cancelled while the pipe is open. System calls keep its
// descriptors from a sanitizer's runtime.
class Pipe {
public:
    Pipe() {
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state_);
        if (sys::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) != 0)
            ends_[0] = ends_[1] = -1;
    }
    ~Pipe() {
        for (int end : ends_)
            if (end >= 0)
                sys::close(end);
        pthread_setcancelstate(cancel_state_, nullptr);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    int in() const { return ends_[1]; }
    size_t read(char* buffer, size_t size) {
        ssize_t length = sys::read(ends_[0], buffer, size);
        return length > 0 ? static_cast<size_t>(length) : 0;
    }

private:
    int cancel_state_ = 0;
    int ends_[2];
};

int digit_of(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Replaces, in place, escapes such as \xe9, \u20ac and \U0001f600 by what they stand for.
std::string_view unescape(char* text, size_t size) {
    size_t out = 0;
    for (size_t i = 0; i < size;) {
        char kind = text[i] == '\\' && i + 1 < size ? text[i + 1] : ' ';
        size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
        uint32_t code = 0;
        bool is_escape = digits && i + 2 + digits <= size;
        for (size_t d = 0; is_escape && d < digits; d++) {
            int digit = digit_of(text[i + 2 + d]);
            is_escape = digit >= 0;
            code = code << 4 | static_cast<uint32_t>(digit);
        }
        if (is_escape && code < 0x110000) {
            out += put_utf8(text + out, code);
            i += 2 + digits;
        } else {
            text[out++] = text[i++];
        }
    }
    return {text, out};
}

// Visits the frame that a line describes: `  File "/a/b.py", line 12 in main`. Passes over other lines.
void take_line(char* line, size_t size, Visit visit, void* data) {
    constexpr std::string_view opening = "  File \"", middle = "\", line ", closing = " in ";
    std::string_view text(line, size);
    size_t file_end = text.rfind(middle);
    size_t line_end = text.rfind(closing);
    if (!starts_with(text, opening) || file_end == text.npos || line_end == text.npos || line_end < file_end)
        return;
    Frame frame{};
    for (size_t i = file_end + middle.size(); i < line_end; i++) {
        int digit = digit_of(text[i]);
        frame.line = digit >= 0 && digit < 10 ? frame.line * 10 + static_cast<uint32_t>(digit) : 0;
    }
    size_t function = line_end + closing.size();
    frame.file = unescape(line + opening.size(), file_end - opening.size());
    frame.function = unescape(line + function, size - function);
    visit(data, frame);
}

void read_dump(Pipe& pipe, Visit visit, void* data) {
    char buffer[8192]; // longer than any line
    size_t held = 0;
    while (size_t length = pipe.read(buffer + held, sizeof buffer - held)) {
        held += length;
        char* line = buffer;
        while (auto* end = static_cast<char*>(memchr(line, '\n', held))) {
            auto size = static_cast<size_t>(end - line);
            take_line(line, size, visit, data);
            line = end + 1;
            held -= size + 1;
        }
        memmove(buffer, line, held);
    }
}

} // namespace

void each_frame(const void* caller, Visit visit, void* data) {
    if (!is_there())
        return;
    OwnState get_state = own_state.load(std::memory_order_relaxed);
    void* state = get_state();
    if (!state)
        return;
    Dump write_frames = dump.load(std::memory_order_relaxed);
    if (!write_frames) {
        auto* interpreter = reinterpret_cast<void*>(get_state);
        if (!each_frame_by_layout(interpreter, state, visit, data))
            each_frame_with_gil(interpreter, caller, state, visit, data);
        return;
    }
    Pipe pipe;
    if (pipe.in() < 0)
        return;
    write_frames(pipe.in(), state);
    read_dump(pipe, visit, data);
}

bool is_finalizing() {
    if (!is_there())
        return false;
    auto* interpreter = reinterpret_cast<void*>(own_state.load(std::memory_order_relaxed));
    void* found = elf_symbols::definition_around(interpreter, "Py_IsFinalizing", "_Py_IsFinalizing");
    return found && reinterpret_cast<int (*)()>(found)();
}

} // namespace pqsweep::python
