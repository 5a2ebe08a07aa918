// The lines of `pqsweep top`: each is a tag in a process, with its open connections and their memory.
#pragma once

#include "shim/table/by_activity.hh"
#include "tools/live/processes.hh"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pqsweep::tools {

struct TagLine {
    pid_t pid = 0;
    std::string tag;
    bool is_current = false;
    ByActivity<int> open{};
    int64_t memory = -1; // of their backends, in bytes; -1: they are elsewhere
    uint32_t opened = 0, swept = 0;

    // Returns whether the tag has ended, and nothing of it is left.
    bool is_over() const { return !is_current && open.total() == 0; }
};

constexpr std::pair<char, const char*> sort_keys[] = {
    {'o', "open"}, {'m', "memory"}, {'s', "swept"}, {'t', "tag"}, {'p', "pid"}};

// Returns the lines of these processes.
std::vector<TagLine> tag_lines(const std::vector<Process>& processes);

// Sorts them by one of the sort_keys.
void sort_by(char key, std::vector<TagLine>& lines);

// Returns the heading and a line of text for each. With a width, tags are cut on the left to fit it.
std::vector<std::string> text_of(const std::vector<TagLine>& lines,
                                 std::optional<size_t> width = std::nullopt);

// "12 open, backends' memory 31.4 MB".
std::string totals_of(const std::vector<TagLine>& lines);

} // namespace pqsweep::tools
