#include "shim/report/journal.hh"

#include "shim/base/borrowed_stack.hh"
#include "shim/base/clock.hh"
#include "shim/base/errors.hh"
#include "shim/base/guards.hh"
#include "shim/base/program_file.hh"
#include "shim/base/settings.hh"
#include "shim/base/socket.hh"
#include "shim/base/stderr.hh"
#include "shim/base/text.hh"
#include "shim/base/utf8.hh"

#include <climits>
#include <cstring>

namespace pqsweep::journal {

namespace {

constexpr int version = 1;

constinit char first_directory[4096]; // the program's at its start: a relative name of a file counts from it
constinit std::atomic<pid_t> started; // the process that has called start()
constinit uint64_t process; // differs between processes that have the same pid, on two machines or in turn

// Names one of the two files to which each record is appended.
struct File {
    char path[PATH_MAX + 1]; // empty: no file. The kernel refuses a name that is cut to this size.
    std::atomic<bool> has_warned;
    std::atomic<bool> is_mid_line; // only a part of the last record could be written
};
constinit File users_file{};
constinit File runs_file{};

bool is_wanted() {
    return *users_file.path || *runs_file.path;
}

void expand_path(std::string_view name, File& file) {
    Text out(file.path, sizeof file.path - 1);
    if (!name.empty() && name[0] != '/')
        out.raw(first_directory).raw("/");
    for (; !name.empty(); name.remove_prefix(1)) {
        if (name[0] == '%' && name.size() > 1 && name[1] == 'p') {
            out << sys::getpid();
            name.remove_prefix(1);
        } else {
            out.raw({name.data(), 1});
        }
    }
    file.path[out.size()] = 0;
}

// `pqsweep run` removes its file when it ends: then nobody reads the record, and there is nothing to warn of.
void warn_of(File& file, int error) {
    bool is_over = &file == &runs_file && error == ENOENT;
    if (is_over || file.has_warned.exchange(true, std::memory_order_relaxed))
        return;
    char buffer[sizeof file.path + 200];
    Text text(buffer);
    text << "pqsweep: " << (&file == &runs_file ? "PQSWEEP_RUN_JOURNAL" : "PQSWEEP_JOURNAL") << ": "
         << file.path << ": " << words_for_error(error) << "; events are lost";
    warn(text.newline().view());
}

struct Writing {
    File& file;
    std::string_view line; // begins with a newline, which ends a record that was cut
    int error;
};

void append(void* data) {
    auto& writing = *static_cast<Writing*>(data);
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = sys::openat(AT_FDCWD, writing.file.path, flags, 0666);
    if (fd < 0) {
        writing.error = -fd;
        return;
    }
    if (!writing.file.is_mid_line)
        writing.line.remove_prefix(1);
    auto size = static_cast<ssize_t>(writing.line.size());
    ssize_t written = sys::write(fd, writing.line);
    writing.error = written == size ? 0 : written < 0 ? static_cast<int>(-written) : ENOSPC;
    if (written > 0)
        writing.file.is_mid_line = written < size;
    sys::close(fd);
}

// Closes one of the program's descriptors to get a free number. The caller runs it in a copy of the descriptor table.
void append_at_the_limit(void* data) {
    for (int fd = 0; fd < 1 << 16 && sys::close(fd) != 0; fd++) {
    }
    append(data);
}

void write_line(std::string_view line) {
    NoSigpipe guard;
    for (File* file : {&users_file, &runs_file}) {
        if (!*file->path)
            continue;
        Writing writing{*file, line, 0};
        append(&writing);
        if (writing.error == EMFILE)
            in_private_descriptor_table(append_at_the_limit, &writing);
        if (writing.error)
            warn_of(*file, writing.error);
    }
}

// A JSON object on a line. The destructor writes it. A value that does not fit is left out with its key.
class Record {
public:
    explicit Record(Event event) {
        text_.raw("\n{");
        number("v", version);
        seconds("time", nanoseconds_of(CLOCK_REALTIME));
        key("process").raw("\"").hex(process, 16).raw("\"");
        number("pid", sys::getpid());
        word("event", name_of(event));
    }
    ~Record() {
        text_.raw("}\n");
        write_line(text_.view());
    }
    Record(const Record&) = delete;
    Record& operator=(const Record&) = delete;

    Record& number(std::string_view name, int64_t value) {
        key(name) << value;
        return *this;
    }
    Record& seconds(std::string_view name, int64_t nanoseconds) {
        key(name) << nanoseconds / second;
        text_.raw(".");
        for (int64_t unit = second / 10, left = nanoseconds % second; unit >= 1000; left %= unit, unit /= 10)
            text_ << left / unit;
        return *this;
    }
    // Adds nothing if the value is empty.
    Record& word(std::string_view name, std::string_view value) {
        if (value.empty() || !fits(name.size() + value.size()))
            return *this;
        key(name);
        quote(value);
        return *this;
    }
    // Adds where in the program a connection was opened.
    Record& origin(const TextPool& names, const Origin& origin) {
        auto line = [&](size_t i) { return names.text(origin.lines[i]); };
        auto call = [&](size_t i) {
            std::string_view text = names.text(origin.calls[i]);
            text.remove_prefix(text.find(' ') + 1);
            return text;
        };
        auto build = [&](size_t i) {
            std::string_view text = names.text(origin.calls[i]);
            return starts_with(text, " ") ? std::string_view() : text.substr(0, text.rfind('+'));
        };
        auto new_build = [&](size_t i) {
            size_t first = 0;
            while (build(first) != build(i))
                first++;
            return first == i ? build(i) : std::string_view();
        };
        return words("source", origin.lines, line)
            .words("stack", origin.calls, call)
            .words("builds", origin.calls, new_build);
    }

private:
    // Adds the texts of the values before the first TextId::none. Leaves out empty texts, and an empty list.
    template<size_t N, class TextOf>
    Record& words(std::string_view name, const std::array<Relaxed<TextId>, N>& values, TextOf text_of) {
        bool is_first = true;
        for (size_t i = 0; i < N && values[i] != TextId::none; i++) {
            std::string_view text = text_of(i);
            if (text.empty())
                continue;
            if (!fits(name.size() + text.size()))
                break;
            if (is_first)
                key(name).raw("[");
            else
                text_.raw(",");
            is_first = false;
            quote(text);
        }
        if (!is_first)
            text_.raw("]");
        return *this;
    }
    bool fits(size_t length) const {
        constexpr size_t longest_escape = 6, others = 16;
        return text_.size() + longest_escape * length + others <= sizeof buffer_;
    }
    void quote(std::string_view value) {
        text_.raw("\"");
        while (!value.empty()) {
            size_t length = utf8_length(value);
            if (length == 0)
                text_.raw("\\ufffd");
            else if (value[0] == '"' || value[0] == '\\')
                text_.raw("\\").raw({value.data(), 1});
            else if (static_cast<unsigned char>(value[0]) < ' ')
                text_.raw("\\u").hex(static_cast<unsigned char>(value[0]), 4);
            else
                text_.raw({value.data(), length});
            value.remove_prefix(length ? length : 1);
        }
        text_.raw("\"");
    }
    Text& key(std::string_view name) {
        if (text_.size() > 2)
            text_.raw(",");
        return text_.raw("\"").raw(name).raw("\":");
    }

    char buffer_[8192];
    Text text_{buffer_};
};

// Writes a record that fill(record) completes. Without a journal it does nothing.
template<class Fill>
void write(Event event, Fill fill) {
    if (!is_wanted())
        return;
    on_borrowed_stack([&] {
        Record record(event);
        fill(record);
    });
}

// Returns the test that used a connection last, if it is another one than the test that opened it.
std::string_view other_user_of(const Table& table, TextId opener, TextId user) {
    return user == opener ? std::string_view() : table.texts.text(user);
}

} // namespace

void start() {
    const Settings& settings = the_settings();
    pid_t pid = sys::getpid();
    if ((settings.journal.empty() && settings.run_journal.empty()) || started.exchange(pid) == pid)
        return;
    if (!*first_directory && sys::getcwd(first_directory, sizeof first_directory) < 0)
        first_directory[0] = 0;
    expand_path(settings.journal, users_file);
    expand_path(settings.run_journal, runs_file);
    if (*runs_file.path)
        divert_warnings(warned);
    uint64_t parent = process;
    if (sys::getrandom(&process, sizeof process, GRND_NONBLOCK) != sizeof process)
        process = static_cast<uint64_t>(now()) ^ static_cast<uint64_t>(sys::getpid()) << 40;
    write(parent ? Event::fork : Event::start, [&](Record& record) {
        char name[4096]; // of both: the thread's stack can be small
        record.word("program", program_file(name, sizeof name));
        record.word("script", script_file(name, sizeof name));
        utsname system;
        sys::uname(system);
        record.word("host", system.nodename).word("run", settings.run).number("parent", sys::getppid());
    });
}

void opened(const Table& table, const Connection& c) {
    const TextPool& names = table.texts;
    const Origin& origin = table.origins.of(table.connections.slot_of(c));
    write(Event::open, [&](Record& record) {
        record.number("connection", c.number)
            .word("tag", names.text(c.tag))
            .word("test", names.text(c.test))
            .number("backend", c.backend_pid)
            .word("database", names.text(c.database))
            .word("user", names.text(c.user))
            .word("host", names.text(c.host))
            .word("application", names.text(c.application))
            .origin(names, origin);
        if (origin.is_pools)
            record.number("pool", 1).word("pool_line", names.text(origin.pool_line));
    });
}

void closed(uint32_t connection, Close how) {
    write(Event::close,
          [&](Record& record) { record.number("connection", connection).word("by", name_of(how)); });
}

void tag_changed(const Table& table, TextId ended, std::string_view variable) {
    write(Event::tag, [&](Record& record) {
        record.word("tag", table.texts.text(table.tag))
            .word("ended", table.texts.text(ended))
            .word("variable", variable);
    });
}

void swept(const Table& table, const Straggler& s) {
    write(Event::sweep, [&](Record& record) {
        record.number("connection", s.connection)
            .word("tag", table.texts.text(s.tag))
            .word("test", table.texts.text(s.test))
            .word("last_test", other_user_of(table, s.test, s.last_test))
            .word(s.cause == Cause::fixture_end ? "fixture" : "ended_by", table.texts.text(s.ended_by))
            .word("reason", table.texts.text(s.reason))
            .word("state", name_of(s.activity))
            .seconds("age", s.age);
        if (s.is_pools)
            record.number("shared", 1);
    });
}

void revived(const Table& table, const Connection& c, int64_t nanoseconds) {
    write(Event::revive, [&](Record& record) {
        record.number("connection", c.number)
            .word("tag", table.texts.text(table.tag))
            .number("backend", c.backend_pid)
            .seconds("took", nanoseconds);
    });
}

void refused(const Connection& c) {
    write(Event::refuse, [&](Record& record) { record.number("connection", c.number); });
}

void rolled_back(const Connection& c, Close how) {
    write(Event::rollback,
          [&](Record& record) { record.number("connection", c.number).word("by", name_of(how)); });
}

void in_use(std::string_view database) {
    write(Event::in_use, [&](Record& record) { record.word("database", database); });
}

void no_slot(const Table& table, TextId test) {
    write(Event::no_slot, [&](Record& record) {
        record.word("tag", table.texts.text(table.tag)).word("test", table.texts.text(test));
    });
}

void inherited(const Table& parents, const Connection& c, uint8_t did) {
    if (!is_wanted())
        return;
    start();
    const TextPool& names = parents.texts;
    write(Event::inherited, [&](Record& record) {
        record.word("did", did == InChild::used ? "used" : "finished")
            .word("tag", names.text(c.tag))
            .word("test", names.text(c.test))
            .number("backend", c.backend_pid)
            .word("database", names.text(c.database))
            .origin(names, parents.origins.of(parents.connections.slot_of(c)));
    });
}

void left(const Table& table, const Connection& c) {
    write(Event::left, [&](Record& record) {
        record.number("connection", c.number)
            .word("last_test", other_user_of(table, c.test, c.last_test))
            .word("state", name_of(Activity(c.activity)))
            .seconds("age", now() - c.opened_at);
    });
}

void warned(std::string_view text) {
    write(Event::warning, [&](Record& record) { record.word("text", text); });
}

void left(Table& table) {
    table.connections.each([&](const Connection& c) {
        if (c.state() == State::open)
            left(table, c);
    });
}

void exited(const Table& table, int status) {
    write(Event::exit, [&](Record& record) {
        record.number("status", status).number("live", table.live);
        if (uint32_t untracked = table.connections.untracked())
            record.number("untracked", untracked);
    });
}

} // namespace pqsweep::journal
