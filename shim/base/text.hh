// Text: builds a message in a buffer of the caller's, and cuts what does not fit.
// Context: any thread, signal handler. errno: kept. Locks: none. No stdio, no locale, no allocation.
#pragma once

#include "shim/base/utf8.hh"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace pqsweep {

class Text {
public:
    Text(char* buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) {}
    template<size_t N>
    explicit Text(char (&buffer)[N]) : Text(buffer, N) {}

    // Appends the bytes as they are, NUL bytes included.
    Text& raw(std::string_view bytes) {
        size_t n = bytes.size() < capacity_ - size_ ? bytes.size() : capacity_ - size_;
        if (n > 0) // an empty view can be a null pointer
            memcpy(buffer_ + size_, bytes.data(), n);
        size_ += n;
        return *this;
    }
    // Replaces control characters by '?': a name must not write to the reader's terminal, nor end a message.
    Text& operator<<(std::string_view text) {
        size_t good = 0; // so many bytes from the beginning can stay as they are
        while (good < text.size()) {
            std::string_view rest(text.data() + good, text.size() - good);
            size_t length = utf8_length(rest);
            length = length ? length : 1;
            if (!begins_with_control(rest)) {
                good += length;
                continue;
            }
            raw({text.data(), good}).raw("?");
            text.remove_prefix(good + length);
            good = 0;
        }
        return raw(text);
    }
    Text& operator<<(const char* text) { return *this << std::string_view(text); }
    Text& operator<<(int64_t number) {
        if (number < 0)
            raw("-");
        uint64_t left = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
        char digits[20];
        size_t n = sizeof digits;
        do
            digits[--n] = static_cast<char>('0' + left % 10);
        while (left /= 10);
        return raw({digits + n, sizeof digits - n});
    }
    Text& operator<<(int number) { return *this << static_cast<int64_t>(number); }
    Text& operator<<(uint32_t number) { return *this << static_cast<int64_t>(number); }
    // In base 16, with `digits` of them at least.
    Text& hex(uint64_t number, int digits = 1) {
        for (int shift = 60; shift >= 0; shift -= 4)
            if (shift < 4 * digits || number >> shift)
                raw({&"0123456789abcdef"[number >> shift & 15], 1});
        return *this;
    }
    Text& newline() { return raw("\n"); }
    Text& pad_to(size_t width, size_t from) {
        while (size_ < from + width && size_ < capacity_)
            buffer_[size_++] = ' ';
        return *this;
    }

    size_t size() const { return size_; }
    bool full() const { return size_ == capacity_; }
    std::string_view view() const { return {buffer_, size_}; }

private:
    char* buffer_;
    size_t capacity_;
    size_t size_ = 0;
};

// (std::string_view::starts_with() calls the C++ runtime if it is not optimized away.)
inline bool starts_with(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && memcmp(text.data(), prefix.data(), prefix.size()) == 0;
}

// Returns the longest prefix of `text` that has at most `limit` bytes and does not end inside a UTF-8 character.
inline std::string_view utf8_prefix(std::string_view text, size_t limit) {
    if (text.size() <= limit)
        return text;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80)
        limit--;
    return {text.data(), limit};
}

constexpr uint32_t fnv1a(std::string_view text) {
    uint32_t hash = 2166136261u;
    for (char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    return hash;
}

} // namespace pqsweep
