#include "shim/origin/python_layout.hh"

#include "shim/origin/python_text.hh"
#include "shim/real/elf_symbols.hh"

#include <cstring>

namespace pqsweep::python {

namespace {

// Says where each group of fields begins in the table, in words. A group begins with the size of its structure.
struct Groups {
    int thread, frame, code, object, bytes, text;
};
constexpr Groups groups_of_3_13{.thread = 19, .frame = 28, .code = 34, .object = 44, .bytes = 64, .text = 67};
constexpr Groups groups_of_3_14{.thread = 22, .frame = 31, .code = 39, .object = 50, .bytes = 74, .text = 77};

template<class T>
T read(const void* object, uint64_t offset) {
    T value;
    memcpy(&value, static_cast<const char*>(object) + offset, sizeof value);
    return value;
}

const void* pointer(const void* object, uint64_t offset) {
    return read<const void*>(object, offset);
}

// The line of each instruction of a code object. The table has an entry for each run of instructions: a byte 1kkkklll, for
// the kind of the entry and a length less one, and bytes below 128.
class LineTable {
public:
    LineTable(const uint8_t* bytes, size_t size, uint32_t first_line)
        : next_(bytes), end_(bytes + size), line_(first_line) {}

    // Returns the line of the instruction of that number; 0 if it has none.
    uint32_t line_of(uint64_t instruction) {
        constexpr unsigned has_no_line = 15;
        while (next_ < end_) {
            unsigned kind = *next_ >> 3 & 15, length = (*next_ & 7U) + 1;
            next_++;
            line_ += static_cast<uint32_t>(step(kind));
            if (instruction < length)
                return kind == has_no_line ? 0 : line_;
            instruction -= length;
            while (next_ < end_ && *next_ < 128)
                next_++;
        }
        return 0;
    }

private:
    // Returns how many lines the entry is further down than the one before.
    int32_t step(unsigned kind) {
        if (kind == 13 || kind == 14)
            return signed_number();
        return kind >= 10 && kind <= 12 ? static_cast<int32_t>(kind) - 10 : 0;
    }
    // Six bits a byte, the lowest first, as long as bit 6 is set. The lowest bit of all is the sign.
    int32_t signed_number() {
        uint32_t number = 0;
        for (unsigned shift = 0; next_ < end_ && shift < 30; shift += 6) {
            uint8_t byte = *next_++;
            number |= (byte & 63U) << shift;
            if (!(byte & 64))
                break;
        }
        auto magnitude = static_cast<int32_t>(number >> 1);
        return number & 1 ? -magnitude : magnitude;
    }

    const uint8_t* next_;
    const uint8_t* end_;
    uint32_t line_;
};

class Layout {
public:
    // `runtime` is the address of _PyRuntime, or null.
    explicit Layout(const void* runtime) : table_(runtime) {
        constexpr uint64_t released = 0xc0; // a candidate of a release, or later
        if (!runtime || memcmp(runtime, "xdebugpy", 8) != 0)
            return;
        uint64_t version = word(1), is_free_threaded = word(2);
        if (is_free_threaded || (version & 0xf0) < released)
            return;
        uint64_t minor = version >> 16;
        groups_ = minor == 0x30d ? &groups_of_3_13 : minor == 0x30e ? &groups_of_3_14 : nullptr;
    }
    bool is_known() const { return groups_; }

    const void* innermost_frame(const void* state) const { return pointer(state, word(groups_->thread + 4)); }
    const void* previous(const void* frame) const { return pointer(frame, word(groups_->frame + 1)); }
    // The lowest bits of a reference are flags.
    const void* executable(const void* frame) const {
        auto reference = read<uintptr_t>(frame, word(groups_->frame + 2));
        return reinterpret_cast<const void*>(reference & ~uintptr_t{3});
    }
    const void* type(const void* object) const { return pointer(object, word(groups_->object + 1)); }
    const void* file(const void* code) const { return pointer(code, word(groups_->code + 1)); }
    const void* function(const void* code) const { return pointer(code, word(groups_->code + 2)); }

    uint32_t line(const void* frame, const void* code) const {
        auto instruction = read<uintptr_t>(frame, word(groups_->frame + 3));
        auto first = reinterpret_cast<uintptr_t>(code) + word(groups_->code + 9);
        const void* table = pointer(code, word(groups_->code + 4));
        auto* bytes = static_cast<const uint8_t*>(table) + word(groups_->bytes + 2);
        auto size = read<size_t>(table, word(groups_->bytes + 1));
        auto first_line = read<uint32_t>(code, word(groups_->code + 5));
        constexpr size_t instruction_size = 2;
        return LineTable(bytes, size, first_line).line_of((instruction - first) / instruction_size);
    }

    // Returns a str as UTF-8, in `buffer` if it is not ASCII. Of a text that does not fit, that is the end.
    std::string_view text(const void* text, char* buffer, size_t room) const {
        auto length = read<size_t>(text, word(groups_->text + 2));
        auto state = read<uint32_t>(text, word(groups_->text + 1));
        uint64_t ascii_size = word(groups_->text + 3);
        uint32_t width = state >> 2 & 7; // of a character, in bytes
        bool is_compact = state >> 5 & 1, is_ascii = state >> 6 & 1;
        if (!is_compact)
            return "???";
        auto* bytes = static_cast<const char*>(text) + ascii_size;
        if (is_ascii)
            return {bytes, length};
        bytes += sizeof(size_t) + sizeof(char*); // a copy in UTF-8, which can be missing
        size_t size = 0;
        for (size_t i = length > room / 4 ? length - room / 4 : 0; i < length; i++) {
            uint32_t code = 0;
            memcpy(&code, bytes + i * width, width <= sizeof code ? width : 0);
            size += put_utf8(buffer + size, code);
        }
        return {buffer, size};
    }

private:
    uint64_t word(int number) const { return read<uint64_t>(table_, static_cast<uint64_t>(number) * 8); }

    const void* table_;
    const Groups* groups_ = nullptr;
};

} // namespace

bool each_frame_by_layout(const void* interpreter, const void* state, Visit visit, void* data) {
    const Layout layout(elf_symbols::definition_around(interpreter, "_PyRuntime"));
    const void* code_type = elf_symbols::definition_around(interpreter, "PyCode_Type");
    if (!layout.is_known() || !code_type)
        return false;
    char file[1024], function[512];
    int n = 0;
    for (const void* frame = layout.innermost_frame(state); frame && n < most_frames;
         frame = layout.previous(frame), n++) {
        const void* code = layout.executable(frame);
        // Between Python's frames are the interpreter's own. The one that cleans up behind an __init__ has its name for a file.
        if (!code || layout.type(code) != code_type || layout.file(code) == layout.function(code))
            continue;
        visit(data, {layout.text(layout.file(code), file, sizeof file), layout.line(frame, code),
                     layout.text(layout.function(code), function, sizeof function)});
    }
    return true;
}

} // namespace pqsweep::python
