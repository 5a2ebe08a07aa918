#include "utf8.hh"

#include <algorithm>

namespace pqsweep::tools {

namespace {

bool begins_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

// Where character number `index` begins.
size_t offset_of(std::string_view text, size_t index) {
    size_t at = 0;
    for (; at < text.size(); at++)
        if (begins_character(text[at]) && index-- == 0)
            break;
    return at;
}

// Of the character that `text` begins with; 0 if it begins with none: no overlong one, no surrogate.
size_t utf8_length(std::string_view text) {
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

bool is_control(std::string_view character) {
    auto first = static_cast<unsigned char>(character[0]);
    bool is_c1 = first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
    return first < ' ' || first == 0x7f || is_c1;
}

} // namespace

size_t width_of(std::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        size_t length = utf8_length(text);
        if (length == 0 || is_control(text.substr(0, length)))
            result += '?';
        else
            result += text.substr(0, length);
        text.remove_prefix(std::max<size_t>(length, 1));
    }
    return result;
}

std::string shortened(std::string_view text, size_t width) {
    constexpr std::string_view mark = "...";
    size_t all = width_of(text);
    if (all <= width)
        return std::string(text);
    if (width <= mark.size())
        return std::string(text.substr(0, offset_of(text, width)));
    size_t tail = (width - mark.size()) * 2 / 3;
    size_t head = width - mark.size() - tail;
    return std::string(text.substr(0, offset_of(text, head)))
        .append(mark)
        .append(text.substr(offset_of(text, all - tail)));
}

std::string padded(std::string text, size_t width) {
    size_t used = width_of(text);
    return used < width ? text.append(width - used, ' ') : text;
}

} // namespace pqsweep::tools
