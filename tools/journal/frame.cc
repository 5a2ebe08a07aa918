#include "tools/journal/frame.hh"

#include "tools/journal/symbols.hh"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>

namespace pqsweep::tools {

namespace fs = std::filesystem;

std::string Frame::text() const {
    std::string where = line ? fmt::format("{}:{}", file, line) : file;
    return function.empty() ? where : where + " " + function;
}

std::string Frame::place() const {
    return function.empty() ? file : file + " " + function;
}

std::string from_root(const std::string& file) {
    const char* workspace = getenv("GITHUB_WORKSPACE");
    std::error_code error;
    fs::path root = workspace && *workspace ? fs::path(workspace) : fs::current_path(error);
    fs::path relative = fs::path(file).lexically_relative(root);
    return relative.empty() || *relative.begin() == ".." ? file : relative.string();
}

Frame parse_frame(std::string_view text, bool is_source) {
    if (!is_source) {
        std::string readable = symbolise(std::string(text));
        size_t space = readable.find(' ');
        return {.file = readable.substr(0, space),
                .function = space == readable.npos ? "" : readable.substr(space + 1)};
    }
    Frame frame;
    size_t space = text.rfind(' ');
    if (space != text.npos)
        frame.function = text.substr(space + 1);
    std::string_view where = text.substr(0, space);
    size_t colon = where.rfind(':');
    if (colon != where.npos) {
        auto end = std::from_chars(where.data() + colon + 1, where.data() + where.size(), frame.line);
        if (end.ptr == where.data() + where.size())
            where = where.substr(0, colon);
    }
    frame.file = from_root(std::string(where));
    return frame;
}

Frame first_frame(std::string_view stack, bool is_source) {
    return stack.empty() ? Frame() : parse_frame(stack.substr(0, stack.find('\n')), is_source);
}

std::vector<Frame> parse_stack(std::string_view stack, bool is_source) {
    std::vector<Frame> frames;
    while (!stack.empty()) {
        size_t end = stack.find('\n');
        frames.push_back(parse_frame(stack.substr(0, end), is_source));
        stack.remove_prefix(end == stack.npos ? stack.size() : end + 1);
    }
    return frames;
}

} // namespace pqsweep::tools
