#include "shim/origin/capture.hh"

#include "shim/base/guards.hh"
#include "shim/base/settings.hh"
#include "shim/base/sys.hh"
#include "shim/base/text.hh"
#include "shim/origin/call_stack.hh"
#include "shim/origin/python_dump.hh"
#include "shim/table/source_file.hh"
#include "shim/table/table.hh"

namespace pqsweep::origin {

namespace {

using source_file::Says;

constinit thread_local Origin current{};

// Returns whether that is a library's pool: site-packages/sqlalchemy/pool/base.py, site-packages/psycopg_pool/pool.py.
bool is_in_pool(std::string_view file) {
    size_t packages = file.find("-packages/");
    return packages != file.npos && file.find("pool", packages) != file.npos;
}

// Takes the frames of a thread, the innermost first, and writes their lines to `current`. In the end, a spare line stands in
// if the program's own files have none.
class Lines {
public:
    explicit Lines(TextPool& names) : names_(names) {}
    ~Lines() {
        for (Text& spare : spares_)
            if (count_ == 0 && spare.size())
                current.lines[count_++] = names_.intern(spare.view());
        if (!current.is_pools || has_noted(place(names_.text(current.pool_line))))
            current.pool_line = TextId::none;
    }
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

    void take(const python::Frame& frame) {
        Says how_much = source_file::says(frame.file);
        if (how_much != Says::most) {
            Text& spare = spares_[how_much == Says::least];
            if (!spare.size())
                write(spare, frame);
            if (is_in_pool(frame.file))
                current.is_pools = true;
        } else if (count_ < Origin::most_lines) {
            char buffer[longest];
            Text line(buffer);
            write(line, frame);
            current.lines[count_++] = names_.intern(line.view());
        }
    }

private:
    static constexpr size_t longest = TextPool::longest;

    bool has_noted(std::string_view where) const {
        for (int i = 0; i < count_; i++)
            if (place(names_.text(current.lines[static_cast<size_t>(i)])) == where)
                return true;
        return false;
    }

    // Cuts a long path at its beginning, since its end says most.
    static void write(Text& out, const python::Frame& frame) {
        constexpr size_t room = longest - 128;
        std::string_view file = frame.file;
        if (file.size() > room) {
            file.remove_prefix(file.size() - room);
            out.raw("...");
        }
        out.raw(file).raw(":") << frame.line;
        out.raw(" ").raw(utf8_prefix(frame.function, 100));
    }

    TextPool& names_;
    int count_ = 0;
    char buffers_[2][longest];
    Text spares_[2]{Text(buffers_[0]), Text(buffers_[1])};
};

bool is_in_file_of(std::string_view line, std::string_view test) {
    size_t end = test.find("::");
    std::string_view name = end == test.npos ? std::string_view() : std::string_view(test.data(), end);
    std::string_view path = file(line);
    if (name.empty() || !path.ends_with(name))
        return false;
    return path.size() == name.size() || path[path.size() - name.size() - 1] == '/';
}

std::string_view below(std::string_view folder, std::string_view line) {
    bool is_below = !folder.empty() && starts_with(line, folder) && line.size() > folder.size() &&
                    line[folder.size()] == '/';
    if (is_below)
        line.remove_prefix(folder.size() + 1);
    return line;
}

// The lines from the innermost to the outermost that is shown.
class Chain {
public:
    Chain(const TextPool& names, const Origin& origin, std::string_view test) {
        int count = 0;
        for (; count < Origin::most_lines && origin.lines[static_cast<size_t>(count)] != TextId::none;
             count++)
            lines_[count] = names.text(origin.lines[static_cast<size_t>(count)]);
        last_ = count - 1;
        for (int i = last_; i >= 0; i--) {
            if (is_in_file_of(lines_[i], test)) {
                last_ = i;
                break;
            }
        }
        pool_ = names.text(origin.pool_line);
        ssize_t length = sys::getcwd(buffer_, sizeof buffer_);
        folder_ = {buffer_, length > 0 ? static_cast<size_t>(length) - 1 : 0};
    }
    Chain(const Chain&) = delete;
    Chain& operator=(const Chain&) = delete;

    bool has_callers() const { return last_ > 0; }
    void write(Text& out) const {
        if (last_ >= 0)
            write(out, 0);
        write_callers(out);
        if (!pool_.empty())
            out.raw(" (pool: ").raw(below(folder_, pool_)).raw(")");
    }
    void write_callers(Text& out) const {
        if (last_ > 1)
            write(out << " < ", 1);
        if (last_ > 0)
            write(out << " < ", last_);
    }

private:
    void write(Text& out, int i) const {
        std::string_view line = below(folder_, lines_[i]);
        out << (i == last_ ? place(line) : line);
    }

    std::string_view lines_[Origin::most_lines];
    std::string_view pool_;
    int last_;
    char buffer_[TextPool::longest]; // a coroutine's stack is small; a longer folder would cut the lines
    std::string_view folder_;
};

} // namespace

std::string_view place(std::string_view line) {
    return line.substr(0, line.rfind(' '));
}

std::string_view file(std::string_view line) {
    std::string_view where = place(line);
    return where.substr(0, where.rfind(':'));
}

std::string_view function(std::string_view line) {
    if (size_t space = line.rfind(' '); space != line.npos)
        line.remove_prefix(space + 1);
    return line;
}

void append_chain(Text& out, const TextPool& names, const Origin& origin, std::string_view test) {
    Chain(names, origin, test).write(out);
}

TextId whole_chain(TextPool& names, const Origin& origin, std::string_view test) {
    Chain chain(names, origin, test);
    if (!chain.has_callers())
        return origin.lines[0];
    char buffer[TextPool::longest];
    Text text(buffer);
    text << names.text(origin.lines[0]);
    chain.write_callers(text);
    return names.intern(text.view());
}

std::string_view pool_line_in(const char* variable) {
    constexpr std::string_view prefix = "PQSWEEP_POOL_LINE ";
    std::string_view text(variable ? variable : "");
    return starts_with(text, prefix) ? text.substr(prefix.size()) : std::string_view();
}

void note_pool(Table& table, std::string_view line) {
    if (the_settings().stacks != Stacks::none)
        current.pool_line = table.texts.intern(line);
}

const Origin& of_this_call() {
    return current;
}

Here::Here(Table& table, const void* caller) {
    Stacks wanted = the_settings().stacks;
    if (wanted == Stacks::none)
        return;
    KeepErrno keep;
    {
        Lines lines(table.texts);
        python::each_frame(
            caller, [](void* data, const python::Frame& frame) { static_cast<Lines*>(data)->take(frame); },
            &lines);
    }
    if (wanted == Stacks::all)
        call_stack::note(table.texts, current.calls);
}

Here::~Here() {
    current = Origin{};
}

} // namespace pqsweep::origin
