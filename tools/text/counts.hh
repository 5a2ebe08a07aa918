// Numbers with their nouns.
#pragma once

#include "shim/table/by_activity.hh"

#include <fmt/core.h>
#include <string>

namespace pqsweep::tools {

// "1 straggler", "2 stragglers"; `plural` is for nouns that do not just get an s.
template<class Count>
std::string counted(Count number, std::string_view noun, std::string_view plural = "") {
    if (number == 1)
        return fmt::format("1 {}", noun);
    return plural.empty() ? fmt::format("{} {}s", number, noun) : fmt::format("{} {}", number, plural);
}

// "(3 idle, 1 in transaction, 0 running)".
template<class Count>
std::string activities_text(const ByActivity<Count>& numbers) {
    return fmt::format("({} idle, {} in transaction, {} running)", numbers.idle, numbers.transaction,
                       numbers.running);
}

} // namespace pqsweep::tools
