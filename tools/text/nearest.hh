// The known name that is most like a name that nobody knows: what was probably meant.
#pragma once

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pqsweep::tools {

// How many bytes to insert, delete, replace or swap with the next one until `a` is `b`.
inline size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> before, last, row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 0; i < a.size(); i++) {
        before = std::exchange(last, row);
        row[0] = i + 1;
        for (size_t j = 0; j < b.size(); j++) {
            row[j + 1] = std::min({last[j] + (a[i] != b[j]), last[j + 1] + 1, row[j] + 1});
            if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
                row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
        }
    }
    return row.back();
}

// Empty if there is no name in `known`.
inline std::string_view nearest(std::string_view name, const std::vector<std::string_view>& known) {
    auto place = std::ranges::min_element(
        known, {}, [&](std::string_view candidate) { return edit_distance(name, candidate); });
    return place == known.end() ? std::string_view() : *place;
}

// "; is --junit meant?", or nothing if no known name is like this one.
inline std::string suggestion(std::string_view name, const std::vector<std::string_view>& known) {
    std::string_view likely = nearest(name, known);
    bool is_like = !likely.empty() && edit_distance(name, likely) <= name.size() / 2;
    return is_like ? "; is " + std::string(likely) + " meant?" : "";
}

} // namespace pqsweep::tools
