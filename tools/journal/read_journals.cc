#include "tools/journal/history.hh"

#include <algorithm>
#include <queue>

namespace pqsweep::tools {

namespace {

size_t buffer_size(size_t files) {
    return std::clamp<size_t>((32u << 20) / std::max<size_t>(files, 1), 4096, 1 << 20);
}

// How many records each process wrote. A killed process writes no exit: it ended with its last record.
using Counts = std::unordered_map<uint64_t, uint64_t>;

Counts count_records(const std::vector<std::string>& files, const std::string& run, Problems& problems) {
    Counts counts;
    std::unordered_map<uint64_t, bool> is_of_another;
    for (const std::string& file : files) {
        JournalReader reader(file, buffer_size(1));
        while (const JournalRecord* record = reader.next(&problems)) {
            counts[record->process]++;
            if (!run.empty() && (record->event == Event::start || record->event == Event::fork ||
                                 record->event == Event::wait || record->event == Event::run))
                is_of_another[record->process] = record->run != run;
        }
    }
    for (auto [process, is_other] : is_of_another)
        if (is_other)
            counts.erase(process);
    return counts;
}

struct Next {
    int64_t time;
    size_t reader;
    const JournalRecord* record;
    bool operator<(const Next& other) const { // the queue has its greatest element on top
        return time != other.time ? time > other.time : reader > other.reader;
    }
};

} // namespace

void read_journals(const std::vector<std::string>& files, const std::string& run, History& history,
                   Problems& problems) {
    Counts left = count_records(files, run, problems);
    std::vector<JournalReader> readers;
    std::priority_queue<Next> queue;
    auto enqueue = [&](size_t reader, int64_t not_before) {
        if (const JournalRecord* record = readers[reader].next(nullptr))
            queue.push({std::max(record->time, not_before), reader, record});
    };
    for (size_t i = 0; i < files.size(); i++) {
        readers.emplace_back(files[i], buffer_size(files.size()));
        enqueue(i, 0);
    }
    while (!queue.empty()) {
        Next next = queue.top();
        queue.pop();
        auto process = left.find(next.record->process);
        if (process != left.end() && process->second > 0) // a process can write more while we read
            history.take(*next.record, --process->second == 0);
        enqueue(next.reader, next.time);
    }
    history.finish();
}

} // namespace pqsweep::tools
