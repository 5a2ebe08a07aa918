#include "tools/journal/reader.hh"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>
#include <variant>

namespace pqsweep::tools {

namespace {

constexpr int64_t known_version = 1;
// Stands at the beginning of records only: inside a string, its quotes would be escaped.
constexpr std::string_view record_begin = "{\"v\":";

// A record as it stands in the journal.
struct RawRecord : JournalRecord {
    int64_t version = 0;
    double seconds = 0;
    std::string_view process_id{}, event_name{};
};

template<class T>
using Member = T RawRecord::*;
using AnyMember = std::variant<Member<int64_t>, Member<double>, Member<std::string_view>,
                               Member<std::vector<std::string_view>>>;

constexpr std::pair<std::string_view, AnyMember> keys[] = {
    {"v", &RawRecord::version},
    {"time", &RawRecord::seconds},
    {"process", &RawRecord::process_id},
    {"event", &RawRecord::event_name},
    {"connection", Member<int64_t>(&JournalRecord::connection)},
    {"pid", Member<int64_t>(&JournalRecord::pid)},
    {"backend", Member<int64_t>(&JournalRecord::backend)},
    {"live", Member<int64_t>(&JournalRecord::live)},
    {"untracked", Member<int64_t>(&JournalRecord::untracked)},
    {"shared", Member<int64_t>(&JournalRecord::shared)},
    {"pool", Member<int64_t>(&JournalRecord::pool)},
    {"pool_line", Member<std::string_view>(&JournalRecord::pool_line)},
    {"age", Member<double>(&JournalRecord::age)},
    {"took", Member<double>(&JournalRecord::took)},
    {"tag", Member<std::string_view>(&JournalRecord::tag)},
    {"test", Member<std::string_view>(&JournalRecord::test)},
    {"last_test", Member<std::string_view>(&JournalRecord::last_test)},
    {"ended", Member<std::string_view>(&JournalRecord::ended)},
    {"variable", Member<std::string_view>(&JournalRecord::variable)},
    {"state", Member<std::string_view>(&JournalRecord::state)},
    {"by", Member<std::string_view>(&JournalRecord::by)},
    {"database", Member<std::string_view>(&JournalRecord::database)},
    {"host", Member<std::string_view>(&JournalRecord::host)},
    {"program", Member<std::string_view>(&JournalRecord::program)},
    {"script", Member<std::string_view>(&JournalRecord::script)},
    {"text", Member<std::string_view>(&JournalRecord::text)},
    {"run", Member<std::string_view>(&JournalRecord::run)},
    {"did", Member<std::string_view>(&JournalRecord::did)},
    {"command", Member<std::string_view>(&JournalRecord::command)},
    {"folder", Member<std::string_view>(&JournalRecord::folder)},
    {"root", Member<std::string_view>(&JournalRecord::root)},
    {"revision", Member<std::string_view>(&JournalRecord::revision)},
    {"versions", Member<std::string_view>(&JournalRecord::versions)},
    {"lock", Member<std::string_view>(&JournalRecord::lock)},
    {"holder", Member<std::string_view>(&JournalRecord::holder)},
    {"holder_line", Member<std::string_view>(&JournalRecord::holder_line)},
    {"holder_user", Member<std::string_view>(&JournalRecord::holder_user)},
    {"source", Member<std::vector<std::string_view>>(&JournalRecord::source)},
    {"stack", Member<std::vector<std::string_view>>(&JournalRecord::stack)},
    {"builds", Member<std::vector<std::string_view>>(&JournalRecord::builds)},
};

bool has_connection(std::optional<Event> event) {
    return event == Event::open || event == Event::close || event == Event::sweep || event == Event::revive ||
           event == Event::refuse || event == Event::left || event == Event::rollback;
}

// Takes one line apart. nlohmann's parser calls it for each key and value, and stops when it returns false.
class Line {
public:
    // Returns what is wrong with the line, or nothing.
    std::string parse(std::string_view text) {
        texts_.clear();
        texts_.reserve(text.size()); // no text is longer than it is with its escapes, so the views hold
        RawRecord fresh;
        for (auto list : {&JournalRecord::source, &JournalRecord::stack, &JournalRecord::builds}) {
            (fresh.*list).swap(raw_.*list); // and its memory with it
            (fresh.*list).clear();
        }
        raw_ = std::move(fresh);
        depth_ = 0;
        has_ended_ = is_in_list_ = false;
        member_ = nullptr;
        wrong_.clear();
        if (!nlohmann::json::sax_parse(text, this))
            return wrong_.empty() ? "no JSON object" : wrong_;
        return finish();
    }
    const JournalRecord& record() const { return raw_; }

    bool key(std::string& name) {
        if (depth_ > 1)
            return true;
        name_ = name;
        const auto* known = std::ranges::find(keys, name, &std::pair<std::string_view, AnyMember>::first);
        bool is_readable = raw_.version <= known_version; // else keys can mean anything
        member_ = is_readable && known != std::end(keys) ? &known->second : nullptr;
        return true;
    }
    bool string(std::string& text) {
        if (!is_in_list_)
            return put(keep(text));
        (raw_.*std::get<Member<std::vector<std::string_view>>>(*member_)).push_back(keep(text));
        return true;
    }
    bool number_integer(int64_t number) {
        bool is_fraction = member_ && std::holds_alternative<Member<double>>(*member_);
        return is_fraction ? put(static_cast<double>(number)) : put(number);
    }
    bool number_unsigned(uint64_t number) {
        return number <= INT64_MAX ? number_integer(static_cast<int64_t>(number))
                                   : put(static_cast<double>(number));
    }
    bool number_float(double number, const std::string&) { return put(number); }
    bool boolean(bool) { return put_other(); }
    bool null() { return put_other(); }
    bool binary(nlohmann::json::binary_t&) { return put_other(); }
    bool start_object(size_t) {
        if (depth_ > 0 && !put_other())
            return false;
        depth_++;
        return true;
    }
    bool start_array(size_t) {
        bool is_list =
            depth_ == 1 && member_ && std::holds_alternative<Member<std::vector<std::string_view>>>(*member_);
        if (!is_list && !put_other())
            return false;
        is_in_list_ = is_in_list_ || is_list;
        depth_++;
        return true;
    }
    bool end_object() {
        has_ended_ = --depth_ == 0;
        return true;
    }
    bool end_array() {
        depth_--;
        is_in_list_ = false;
        return true;
    }
    bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) {
        if (has_ended_)
            wrong_ = "more than a JSON object";
        return false;
    }

private:
    // A value that no record has, unless its key is unknown.
    bool put_other() {
        if (depth_ > 0 && !is_in_list_ && (depth_ > 1 || !member_))
            return true;
        if (depth_ > 0)
            wrong_ = fmt::format("\"{}\": not the kind of value that it has in a journal", name_);
        return false;
    }
    template<class T>
    bool put(T value) {
        auto member = depth_ == 1 && member_ ? std::get_if<Member<T>>(member_) : nullptr;
        if (!member)
            return put_other();
        raw_.** member = value;
        return true;
    }
    std::string_view keep(std::string_view text) {
        texts_ += text;
        return std::string_view(texts_).substr(texts_.size() - text.size());
    }

    std::string finish() {
        if (raw_.version > known_version)
            return fmt::format("schema version {}, and this pqsweep knows {}; skipped", raw_.version,
                               known_version);
        raw_.time = std::llround(raw_.seconds * 1e6);
        std::string_view id = raw_.process_id;
        auto end = std::from_chars(id.data(), id.data() + id.size(), raw_.process, 16);
        bool has_process = end.ec == std::errc() && end.ptr == id.data() + id.size();
        const auto* known = std::ranges::find(journal::event_names, raw_.event_name);
        if (known != std::end(journal::event_names))
            raw_.event = Event(known - journal::event_names);
        if (raw_.version < 1 || !has_process || raw_.event_name.empty() ||
            (has_connection(raw_.event) && raw_.connection < 1))
            return "not a record of a journal: \"v\", \"process\", \"event\" or \"connection\" is missing";
        return "";
    }

    RawRecord raw_;
    std::string texts_, name_, wrong_;
    const AnyMember* member_ = nullptr; // that the last key of the record names
    int depth_ = 0;                     // of objects and lists
    bool is_in_list_ = false, has_ended_ = false;
};

} // namespace

std::string Problem::text() const {
    return line ? fmt::format("{}:{}: {}", file, line, what) : fmt::format("{}: {}", file, what);
}

void Problems::add(const std::string& file, uint64_t line, std::string what) {
    of_last_file_ = listed_.empty() || listed_.back().file != file ? 1 : of_last_file_ + 1;
    if (of_last_file_ <= most_listed_of_a_file)
        listed_.push_back({file, line, std::move(what)});
    else
        more_++;
}

struct JournalReader::State {
    std::string path;
    uint64_t offset = 0; // where the file goes on behind the buffer
    std::string buffer;
    size_t begin = 0, end = 0; // the part of the buffer that is still to be read
    uint64_t line = 0;
    bool is_at_end = false;
    Line parsed;

    // Returns false at the end of the file.
    bool fill(Problems* problems) {
        if (begin > 0)
            std::memmove(buffer.data(), buffer.data() + begin, end - begin);
        end -= begin;
        begin = 0;
        if (end == buffer.size())
            buffer.resize(2 * buffer.size());
        int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        ssize_t got =
            fd < 0 ? -1 : pread(fd, buffer.data() + end, buffer.size() - end, static_cast<off_t>(offset));
        if (got < 0 && problems)
            problems->add(path, 0, strerror(errno));
        if (fd >= 0)
            close(fd);
        if (got <= 0)
            return false;
        end += static_cast<size_t>(got);
        offset += static_cast<uint64_t>(got);
        return true;
    }
};

JournalReader::JournalReader(std::string path, size_t buffer_size) : state_(std::make_unique<State>()) {
    state_->path = std::move(path);
    state_->buffer.resize(buffer_size);
}
JournalReader::~JournalReader() = default;
JournalReader::JournalReader(JournalReader&&) noexcept = default;
JournalReader& JournalReader::operator=(JournalReader&&) noexcept = default;

const JournalRecord* JournalReader::next(Problems* problems) {
    State& s = *state_;
    for (;;) {
        std::string_view left(s.buffer.data() + s.begin, s.end - s.begin);
        size_t newline = left.find('\n');
        // On a full disk, another process's record might follow one that was cut short.
        size_t size = std::min(newline, left.substr(0, newline).find(record_begin, 1));
        if (size == left.npos) {
            if (!s.is_at_end && s.fill(problems))
                continue;
            s.is_at_end = true;
            if (!left.empty() && problems)
                problems->add(s.path, s.line + 1, "the last line is cut short");
            s.begin = s.end;
            return nullptr;
        }
        std::string wrong = size ? s.parsed.parse({s.buffer.data() + s.begin, size}) : "";
        if (!wrong.empty() && problems)
            problems->add(s.path, s.line + 1, wrong);
        s.begin += size;
        if (size == newline) {
            s.begin++;
            s.line++;
        }
        if (size && wrong.empty())
            return &s.parsed.record();
    }
}

} // namespace pqsweep::tools
