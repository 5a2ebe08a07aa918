// Keeps each of many repeated texts once, and gives it a number.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace pqsweep::tools {

class Strings {
public:
    using Id = uint32_t;
    static constexpr Id none = 0; // the empty text

    Strings() { of(""); }
    Strings(const Strings&) = delete;
    Strings& operator=(const Strings&) = delete;

    Id of(std::string_view text) {
        auto known = ids_.find(text);
        if (known != ids_.end())
            return known->second;
        auto id = static_cast<Id>(texts_.size());
        ids_.emplace(texts_.emplace_back(text), id);
        return id;
    }
    const std::string& operator[](Id id) const { return texts_[id]; }
    size_t size() const { return texts_.size(); }

private:
    std::deque<std::string> texts_; // a deque does not move them: the views in ids_ stay valid
    std::unordered_map<std::string_view, Id> ids_;
};

} // namespace pqsweep::tools
