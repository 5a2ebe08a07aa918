// Tells UTF-8 from other bytes, for the journal, and for the tools that print what others wrote.
#pragma once

#include <cstddef>
#include <string_view>

namespace pqsweep {

// Returns the size of the character that `text`, which is not empty, begins with; 0 if the bytes are no UTF-8, as an
// overlong character or a surrogate.
inline size_t utf8_length(std::string_view text) {
    auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
    auto is_within = [&](size_t i, int least, int most) { return byte(i) >= least && byte(i) <= most; };
    if (byte(0) < 0x80)
        return 1;
    if (is_within(0, 0xc2, 0xdf))
        return is_within(1, 0x80, 0xbf) ? 2 : 0;
    if (is_within(0, 0xe0, 0xef)) {
        bool is_good = is_within(1, byte(0) == 0xe0 ? 0xa0 : 0x80, byte(0) == 0xed ? 0x9f : 0xbf);
        return is_good && is_within(2, 0x80, 0xbf) ? 3 : 0;
    }
    bool is_good = is_within(0, 0xf0, 0xf4) &&
                   is_within(1, byte(0) == 0xf0 ? 0x90 : 0x80, byte(0) == 0xf4 ? 0x8f : 0xbf);
    return is_good && is_within(2, 0x80, 0xbf) && is_within(3, 0x80, 0xbf) ? 4 : 0;
}

// Returns whether `text`, which is not empty, begins with what a terminal obeys instead of showing it: a control character of
// ASCII's, or of those beyond it (C1), also as a single byte.
inline bool begins_with_control(std::string_view text) {
    auto first = static_cast<unsigned char>(text[0]);
    bool is_wide = first == 0xc2 && utf8_length(text) == 2;
    auto code = is_wide ? static_cast<unsigned char>(text[1]) : first;
    return first < ' ' || first == 0x7f || (code >= 0x80 && code < 0xa0);
}

} // namespace pqsweep
