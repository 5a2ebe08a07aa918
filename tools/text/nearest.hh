// The known name that is most like a name that nobody knows: what was probably meant.
#pragma once

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

namespace pqsweep::tools {

// How many bytes to insert, delete or replace until `a` is `b`.
inline size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 0; i < a.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.size(); j++) {
            size_t replaced = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
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

} // namespace pqsweep::tools
