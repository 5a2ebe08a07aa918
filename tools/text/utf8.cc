#include "tools/text/utf8.hh"

#include "shim/base/utf8.hh"

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

} // namespace

size_t width_of(std::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        size_t length = utf8_length(text);
        if (length == 0 || begins_with_control(text))
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

std::string end_of(std::string_view text, size_t width) {
    constexpr std::string_view mark = "...";
    size_t all = width_of(text);
    if (all <= width)
        return std::string(text);
    size_t tail = width <= mark.size() ? width : width - mark.size();
    return std::string(mark.substr(0, width - tail)).append(text.substr(offset_of(text, all - tail)));
}

std::string cut_to(std::string_view text, size_t width) {
    return std::string(text.substr(0, offset_of(text, width)));
}

std::vector<std::string> wrapped(std::string_view text, size_t width) {
    size_t margin = std::min(text.find_first_not_of(' '), text.size());
    std::vector<std::string> lines{std::string(text.substr(0, margin))};
    text.remove_prefix(margin);
    for (bool is_first = true; !text.empty(); is_first = false) {
        std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        bool fits = width_of(lines.back()) + 1 + width_of(word) <= width;
        if (!is_first && fits)
            lines.back() += ' ';
        else if (!is_first)
            lines.emplace_back(margin + 2, ' ');
        lines.back() += word;
    }
    return lines;
}

std::string padded(std::string text, size_t width) {
    size_t used = width_of(text);
    return used < width ? text.append(width - used, ' ') : text;
}

} // namespace pqsweep::tools
