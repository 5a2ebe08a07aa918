// Reads a journal record by record. shim/report/journal.md describes the records.
#pragma once

#include "shim/table/words.hh"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pqsweep::tools {

using journal::Event;

// Keys that the record lacks are 0 or empty. The views are valid until the next record is read.
struct JournalRecord {
    int64_t time = 0; // microseconds since 1970
    uint64_t process = 0;
    int64_t pid = 0;
    std::optional<Event> event{}; // nothing: a newer pqsweep's
    int64_t connection = 0, backend = 0, live = 0, untracked = 0, shared = 0, pool = 0;
    double age = 0, took = 0; // seconds
    std::string_view run{}, host{}, program{}, script{}, text{}, tag{}, test{}, last_test{}, ended{},
        variable{}, state{}, by{}, did{}, database{}, pool_line{};
    std::string_view command{}, folder{}, root{}, revision{}, versions{};
    std::string_view lock{}, holder{}, holder_line{}, holder_user{};
    std::vector<std::string_view> source{}, stack{}, builds{};
};

// A line that the reader could not use.
struct Problem {
    std::string file;
    uint64_t line; // from 1 on; 0: the file as a whole
    std::string what;
    std::string text() const;
};

// The first few problems of each file, and how many more there were.
class Problems {
public:
    void add(const std::string& file, uint64_t line, std::string what);
    const std::vector<Problem>& listed() const { return listed_; }
    uint64_t more() const { return more_; }

private:
    static constexpr int most_listed_of_a_file = 10;
    std::vector<Problem> listed_;
    int of_last_file_ = 0;
    uint64_t more_ = 0;
};

class JournalReader {
public:
    // Holds no file open, so there can be thousands of readers. `buffer_size` grows if a line is longer.
    JournalReader(std::string path, size_t buffer_size);
    ~JournalReader();
    JournalReader(JournalReader&&) noexcept;
    JournalReader& operator=(JournalReader&&) noexcept;

    // Returns the next record, or null at the end. Skips lines that it can't use, and notes them in `problems`, if that
    // is not null. A last line without its end is one of them.
    const JournalRecord* next(Problems* problems);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace pqsweep::tools
