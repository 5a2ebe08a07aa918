// FixedText holds the bytes of a text in a constant table itself. The loader relocates each pointer of a table in every process that starts,
// and has to copy the pages that they are on. A view of the text lasts as long as the table: one that a function returns from needs `static`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pqsweep {

template<size_t most>
class FixedText {
public:
    template<size_t N>
    constexpr FixedText(const char (&text)[N]) : size_(N - 1) {
        static_assert(N - 1 <= most && most <= UINT8_MAX);
        for (size_t i = 0; i < N; i++)
            bytes_[i] = text[i];
    }
    constexpr const char* c_str() const { return bytes_; }
    constexpr std::string_view view() const { return {bytes_, size_}; }
    constexpr operator std::string_view() const { return view(); }
    friend constexpr bool operator==(const FixedText& a, const FixedText& b) { return a.view() == b.view(); }
    friend constexpr bool operator==(const FixedText& a, std::string_view b) { return a.view() == b; }

private:
    char bytes_[most + 1]{};
    uint8_t size_;
};

} // namespace pqsweep
