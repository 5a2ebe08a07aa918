#include "shim/report/witness.hh"

#include "shim/base/at_start.hh"
#include "shim/base/environment.hh"
#include "shim/base/fixed_text.hh"
#include "shim/base/program_file.hh"
#include "shim/base/sys.hh"
#include "shim/base/text.hh"
#include "shim/real/elf_symbols.hh"

#include <atomic>
#include <cstring>

namespace pqsweep::witness {

namespace {

constinit char file[4096];
// The process that has written its "loaded" line; 0: nobody asked.
TOUCHED_AT_START constinit std::atomic<pid_t> announced;
// Not a constant, which would be on a page that no start touches else.
constinit FixedText<15> variable{"PQSWEEP_WITNESS"};

bool is_wanted() {
    return announced.load(std::memory_order_relaxed);
}

class Line {
public:
    explicit Line(std::string_view what) {
        text_ << what;
        number(sys::getpid());
    }
    ~Line() {
        text_.newline();
        int fd = sys::openat(AT_FDCWD, file, O_WRONLY | O_APPEND | O_CLOEXEC);
        sys::write(fd, text_.view());
        sys::close(fd);
    }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    Line& field(std::string_view value) {
        text_.raw("\t") << value;
        return *this;
    }
    Line& number(int value) {
        text_.raw("\t") << value;
        return *this;
    }
    // The file that `address` is in. The loader has no name for the program itself.
    Line& object(const void* address) {
        elf_symbols::Object object = elf_symbols::object_around(address);
        if (!object.dynamic)
            return field("?");
        char program[4096];
        return field(*object.name ? object.name : program_file(program, sizeof program));
    }
    Line& libpq(const Libpq& libpq) {
        auto version = libpq.PQlibVersion;
        return object(reinterpret_cast<const void*>(libpq.PQconnectStart)).number(version ? version() : 0);
    }

private:
    char buffer_[9000];
    Text text_{buffer_};
};

void announce() {
    if (announced.exchange(sys::getpid(), std::memory_order_relaxed) == sys::getpid())
        return;
    char program[4096];
    Line("loaded").field(program_file(program, sizeof program));
}

} // namespace

void loaded() {
    const char* value = environment::find(variable.c_str());
    if (!value || strlen(value) >= sizeof file)
        return;
    memcpy(file, value, strlen(value) + 1);
    announce();
}

void connecting(const Libpq& libpq, const void* caller) {
    if (!is_wanted() || libpq.is_witnessed)
        return;
    libpq.is_witnessed = true;
    announce();
    Line line("connect");
    line.libpq(libpq);
    caller ? line.object(caller) : line.field("dlsym");
}

void ended() {
    if (!is_wanted())
        return;
    announce();
    real::look_for_libpqs();
    for (int i = 0; const Libpq* libpq = real::libpq_at(i); i++)
        Line("libpq").libpq(*libpq);
    elf_symbols::each_object([](const elf_symbols::Object& object) {
        if (*object.name && !object.is_ours())
            Line("object").field(object.name);
        return false;
    });
}

} // namespace pqsweep::witness
