#include "tools/journal/reader.hh"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

using namespace simdjson;

constexpr int64_t known_version = 1;
// Stands at the beginning of records only: inside a string, its quotes would be escaped.
constexpr std::string_view record_begin = "{\"v\":";

constexpr std::pair<std::string_view, int64_t JournalRecord::*> integers[] = {
    {"connection", &JournalRecord::connection}, {"pid", &JournalRecord::pid},
    {"backend", &JournalRecord::backend},       {"live", &JournalRecord::live},
    {"untracked", &JournalRecord::untracked},
};
constexpr std::pair<std::string_view, double JournalRecord::*> numbers[] = {
    {"age", &JournalRecord::age},
    {"took", &JournalRecord::took},
};
constexpr std::pair<std::string_view, std::string_view JournalRecord::*> words[] = {
    {"tag", &JournalRecord::tag},
    {"test", &JournalRecord::test},
    {"ended", &JournalRecord::ended},
    {"variable", &JournalRecord::variable},
    {"state", &JournalRecord::state},
    {"by", &JournalRecord::by},
    {"database", &JournalRecord::database},
    {"host", &JournalRecord::host},
    {"run", &JournalRecord::run},
    {"did", &JournalRecord::did},
    {"lock", &JournalRecord::lock},
    {"holder", &JournalRecord::holder},
    {"holder_line", &JournalRecord::holder_line},
    {"holder_user", &JournalRecord::holder_user},
};
constexpr std::pair<std::string_view, std::vector<std::string_view> JournalRecord::*> lists[] = {
    {"source", &JournalRecord::source},
    {"stack", &JournalRecord::stack},
};

template<class Entries>
auto find(const Entries& entries, std::string_view key) {
    return std::find_if(std::begin(entries), std::end(entries),
                        [&](const auto& entry) { return entry.first == key; });
}

bool has_connection(std::optional<Event> event) {
    return event == Event::open || event == Event::close || event == Event::sweep || event == Event::revive ||
           event == Event::refuse || event == Event::left;
}

error_code read_list(ondemand::value& value, std::vector<std::string_view>& list) {
    ondemand::array array;
    if (auto error = value.get_array().get(array))
        return error;
    for (auto element : array) {
        std::string_view text;
        if (auto error = element.get_string().get(text))
            return error;
        list.push_back(text);
    }
    return SUCCESS;
}

struct Line {
    JournalRecord record;
    int64_t version = 0;
    bool has_process = false, has_event = false;

    error_code take(std::string_view key, ondemand::value& value) {
        if (key == "v")
            return value.get_int64().get(version);
        if (version > known_version) // its keys can mean anything
            return SUCCESS;
        if (key == "time") {
            double seconds = 0;
            auto error = value.get_double().get(seconds);
            record.time = std::llround(seconds * 1e6);
            return error;
        }
        std::string_view text;
        if (key == "process") {
            auto error = value.get_string().get(text);
            auto end = std::from_chars(text.data(), text.data() + text.size(), record.process, 16);
            has_process = !error && end.ec == std::errc() && end.ptr == text.data() + text.size();
            return error;
        }
        if (key == "event") {
            auto error = value.get_string().get(text);
            const auto* known = std::ranges::find(journal::event_names, text);
            if (known != std::end(journal::event_names))
                record.event = Event(known - journal::event_names);
            has_event = !error;
            return error;
        }
        if (auto entry = find(integers, key); entry != std::end(integers))
            return value.get_int64().get(record.*entry->second);
        if (auto entry = find(words, key); entry != std::end(words))
            return value.get_string().get(record.*entry->second);
        if (auto entry = find(numbers, key); entry != std::end(numbers))
            return value.get_double().get(record.*entry->second);
        if (auto entry = find(lists, key); entry != std::end(lists))
            return read_list(value, record.*entry->second);
        return SUCCESS;
    }
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
    ondemand::parser parser;
    Line parsed;

    // Returns false at the end of the file.
    bool fill(Problems* problems) {
        if (begin > 0)
            std::memmove(buffer.data(), buffer.data() + begin, end - begin);
        end -= begin;
        begin = 0;
        if (end + SIMDJSON_PADDING == buffer.size())
            buffer.resize(2 * buffer.size());
        int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? -1
                             : pread(fd, buffer.data() + end, buffer.size() - SIMDJSON_PADDING - end,
                                     static_cast<off_t>(offset));
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

    // Returns what is wrong with the line, or nothing.
    std::string parse(size_t size) {
        Line fresh;
        fresh.record.source.swap(parsed.record.source); // and their memory with them
        fresh.record.stack.swap(parsed.record.stack);
        fresh.record.source.clear();
        fresh.record.stack.clear();
        parsed = std::move(fresh);
        ondemand::document document;
        ondemand::object object;
        padded_string_view text(buffer.data() + begin, size, size + SIMDJSON_PADDING);
        if (parser.iterate(text).get(document) || document.get_object().get(object))
            return "no JSON object";
        for (auto field : object) {
            std::string_view key;
            ondemand::value value;
            if (field.unescaped_key().get(key) || field.value().get(value))
                return "no JSON object";
            if (auto error = parsed.take(key, value))
                return fmt::format("\"{}\": {}", key, error_message(error));
        }
        const char* more = nullptr;
        if (document.current_location().get(more) == SUCCESS)
            return "more than a JSON object";
        if (parsed.version > known_version)
            return fmt::format("schema version {}, and this pqsweep knows {}; skipped", parsed.version,
                               known_version);
        if (parsed.version < 1 || !parsed.has_process || !parsed.has_event ||
            (has_connection(parsed.record.event) && parsed.record.connection < 1))
            return "not a record of a journal: \"v\", \"process\", \"event\" or \"connection\" is missing";
        return "";
    }
};

JournalReader::JournalReader(std::string path, size_t buffer_size) : state_(std::make_unique<State>()) {
    state_->path = std::move(path);
    state_->buffer.resize(buffer_size + SIMDJSON_PADDING);
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
        std::string wrong = size ? s.parse(size) : "";
        if (!wrong.empty() && problems)
            problems->add(s.path, s.line + 1, wrong);
        s.begin += size;
        if (size == newline) {
            s.begin++;
            s.line++;
        }
        if (size && wrong.empty())
            return &s.parsed.record;
    }
}

} // namespace pqsweep::tools
