#include "shim/report/summary.hh"

#include "shim/base/clock.hh"
#include "shim/base/settings.hh"
#include "shim/base/stderr.hh"
#include "shim/base/text.hh"
#include "shim/report/totals.hh"

namespace pqsweep::summary {

namespace {

constexpr uint32_t most_inherited_listed = 10;
constexpr size_t tag_width = 22;
constexpr size_t line_width = 78;

// Gathers lines and writes them a few kilobytes at a time.
class Output {
public:
    Text& line() {
        if (text_.size() > sizeof buffer_ - 2048)
            flush();
        return text_;
    }
    void flush() {
        write_to_stderr(text_.view());
        text_ = Text(buffer_);
    }

private:
    char buffer_[8192];
    Text text_{buffer_};
};

template<class Fits>
uint32_t count(const Table& table, TextId tag, Fits fits) {
    uint32_t n = 0;
    table.stragglers.each([&](const StragglerRecord& s) { n += s.tag == tag && fits(s.fate); });
    return n;
}

bool is_revived(Fate fate) {
    return fate == Fate::revived;
}

// Appends a text of at most `width` bytes. A longer text loses its middle, because a test id says most at its ends.
// A cut never splits a UTF-8 character.
void append_shortened(Text& out, std::string_view text, size_t width) {
    if (text.size() <= width) {
        out << text;
        return;
    }
    size_t tail = (width - 3) * 2 / 3;
    out << utf8_prefix(text, width - 3 - tail) << "...";
    size_t from = text.size() - tail;
    while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xc0) == 0x80)
        from++;
    out << std::string_view(text.data() + from, text.size() - from);
}

void append_column(Text& out, uint32_t number, size_t width) {
    size_t digits = 1;
    for (uint32_t rest = number; rest >= 10; rest /= 10)
        digits++;
    out.pad_to(width > digits ? width - digits : 1, out.size());
    out << number;
}

void append_age(Text& out, int64_t age) {
    int64_t tenths = age / (second / 10);
    out << tenths / 10 << "." << tenths % 10 << " s";
}

void append_milliseconds(Text& out, int64_t nanoseconds) {
    int64_t tenths = nanoseconds / (second / 10'000);
    out << tenths / 10 << "." << tenths % 10 << " ms";
}

Text& append_count(Text& out, uint32_t number, std::string_view noun) {
    return out << number << " " << noun << (number == 1 ? "" : "s");
}

void print_head(Output& output, const Totals& all) {
    Text& out = output.line();
    out << "pqsweep[" << sys::getpid() << "]: ";
    append_count(out, all.swept.total(), "straggler")
        << " swept (" << all.swept.idle << " idle, " << all.swept.transaction << " in transaction, "
        << all.swept.running << " running)";
    out.newline() << "  ";
    append_count(out, all.opened, "connection") << " opened under ";
    append_count(out, all.tags, "tag")
        << ", " << all.abandoned << " abandoned, " << all.open << " open at exit";
    if (all.revived) {
        out.newline() << "  " << all.revived << " revived when they were used again, in ";
        append_milliseconds(out, all.revival);
    }
    out.newline();
}

void print_tags(Output& output, const Table& table, Report report) {
    constexpr std::string_view headings[] = {heading::opened,      heading::closed,  heading::idle,
                                             heading::transaction, heading::running, heading::revived,
                                             heading::abandoned,   heading::peak};
    constexpr size_t gap = 1;
    Text& head = output.line();
    head << "  tag";
    head.pad_to(tag_width - 3, head.size());
    for (std::string_view heading : headings) {
        head.pad_to(gap, head.size());
        head << heading;
    }
    head.newline();
    table.tags.each([&](const Tag& tag) {
        if (report == Report::stragglers ? tag.swept.total() == 0 : tag.opened == 0)
            return;
        Text& out = output.line();
        size_t start = out.size();
        out << "  ";
        append_shortened(out, tag.name == TextId::none ? "(no tag)" : table.texts.text(tag.name), tag_width);
        out.pad_to(tag_width + 2, start);
        const uint32_t values[] = {tag.opened,
                                   tag.closed,
                                   tag.swept.idle,
                                   tag.swept.transaction,
                                   tag.swept.running,
                                   count(table, tag.name, is_revived),
                                   count(table, tag.name, is_abandoned),
                                   tag.peak};
        for (size_t i = 0; i < std::size(values); i++)
            append_column(out, values[i], headings[i].size() + gap);
        out.newline();
    });
}

void append_opener(Text& out, const Table& table, TextId tag, TextId test) {
    if (tag == TextId::none && test == TextId::none)
        out << "(no tag)";
    else
        append_shortened(out, table.texts.text(test == TextId::none ? tag : test), line_width - 2);
    out.newline();
}

void append_backend(Text& out, const Table& table, int pid, TextId database) {
    if (pid)
        out << ", backend " << pid;
    if (database != TextId::none)
        out << ", database " << table.texts.text(database);
}

void append_line(Text& out, const Table& table, TextId line) {
    constexpr std::string_view indent = "      at ";
    if (line == TextId::none)
        return;
    out << indent;
    append_shortened(out, table.texts.text(line), line_width - indent.size());
    out.newline();
}

void print_opening(Output& output, const Table& table, TextId tag, TextId test, Activity activity,
                   int64_t age, int backend_pid, TextId database) {
    Text& out = output.line();
    out << "  ";
    append_opener(out, table, tag, test);
    out << "      " << words_for(activity) << ", ";
    append_age(out, age);
    out << " old";
    append_backend(out, table, backend_pid, database);
}

// A list: it prints the first `most` entries and the number of the others.
class Listing {
public:
    Listing(Output& output, std::string_view heading, uint32_t most = most_listed)
        : output_(output), heading_(heading), most_(most) {}
    ~Listing() {
        if (listed_ > most_) {
            output_.line() << "  ... and " << listed_ - most_ << " more";
            output_.line().newline();
        }
    }
    Listing(const Listing&) = delete;
    Listing& operator=(const Listing&) = delete;

    // Counts an entry, and returns whether to print it.
    bool takes_another() {
        if (listed_++ == 0)
            output_.line().raw(heading_);
        return listed_ <= most_;
    }

private:
    Output& output_;
    std::string_view heading_;
    uint32_t most_;
    uint32_t listed_ = 0;
};

void print_stragglers(Output& output, const Table& table) {
    Listing listing(output, "  stragglers, by the test that opened them:\n");
    table.stragglers.each([&](const StragglerRecord& s) {
        if (is_revived(s.fate) || !listing.takes_another())
            return;
        print_opening(output, table, s.tag, s.test, s.activity, s.age, s.backend_pid, s.database);
        output.line() << ": " << words_for(s.fate);
        output.line().newline();
        append_line(output.line(), table, s.line);
    });
}

void print_open(Output& output, Table& table) {
    Listing listing(output, "  open at exit, by the test that opened them:\n");
    table.connections.each([&](const Connection& c) {
        if (!totals::is_open(c) || !listing.takes_another())
            return;
        print_opening(output, table, c.tag, c.test, c.activity, now() - c.opened_at, c.backend_pid,
                      c.database);
        output.line().newline();
        append_line(output.line(), table, table.opening_line(c));
    });
}

void print_touched(Text& out, const Table& parents, const Connection& c) {
    out << "  " << (c.in_child & InChild::used ? "used" : "")
        << (c.in_child == (InChild::used | InChild::finished) ? " and " : "")
        << (c.in_child & InChild::finished ? "finished" : "");
    append_backend(out, parents, c.backend_pid, c.database);
    out << ", opened by ";
    append_opener(out, parents, c.tag, c.test);
    append_line(out, parents, parents.opening_line(c));
}

} // namespace

void print(Table& table) {
    Report report = the_settings().report;
    Totals all = totals::of(table);
    bool is_worth_it = report == Report::always ||
                       (report == Report::stragglers && all.swept.total() > all.revived + all.pools);
    if (!is_worth_it)
        return;
    Output output;
    print_head(output, all);
    print_tags(output, table, report);
    print_stragglers(output, table);
    if (report == Report::always)
        print_open(output, table);
    if (uint32_t untracked = table.connections.untracked()) {
        output.line() << "  " << untracked << " more connections than pqsweep can track went unseen";
        output.line().newline();
    }
    output.flush();
}

void print_inherited(Table& parents) {
    Report report = the_settings().report;
    uint32_t used = 0, finished = 0, touched = 0;
    parents.connections.each([&](const Connection& c) {
        used += (c.in_child & InChild::used) != 0;
        finished += (c.in_child & InChild::finished) != 0;
        touched += totals::is_touched(c);
    });
    bool is_worth_it =
        report == Report::always || (report == Report::stragglers && parents.was_ever_tagged());
    if (!touched || !is_worth_it)
        return;
    Output output;
    output.line() << "pqsweep[" << sys::getpid() << "]: connections inherited across a fork: " << used
                  << " used here, " << finished << " finished here; they are their parent's";
    output.line().newline();
    {
        Listing listing(output, "", most_inherited_listed);
        parents.connections.each([&](const Connection& c) {
            if (totals::is_touched(c) && listing.takes_another())
                print_touched(output.line(), parents, c);
        });
    }
    output.flush();
}

} // namespace pqsweep::summary
