#include "tools/journal/frame.hh"

#include "tools/journal/own_frames.hh"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <iterator>

namespace pqsweep::tools {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path>& known_roots() {
    static std::vector<fs::path> roots;
    return roots;
}

template<class Visit>
void each_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
        size_t end = text.find('\n');
        visit(text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
}

std::vector<NativeFrame> native_frames(std::string_view stack) {
    std::vector<NativeFrame> all;
    each_line(stack, [&](std::string_view call) {
        const std::vector<NativeFrame>& frames = symbolise(call);
        all.insert(all.end(), frames.begin(), frames.end());
    });
    return all;
}

Frame frame_of(const NativeFrame& native) {
    bool is_known = !native.function.empty();
    return {.file = native.line ? from_root(native.file)
                    : is_known  ? native.module.substr(native.module.rfind('/') + 1)
                                : native.module,
            .line = native.line,
            .function = native.function};
}

std::vector<Frame> frames_of(const std::vector<NativeFrame>& natives) {
    std::vector<Frame> frames;
    std::ranges::transform(natives, std::back_inserter(frames), frame_of);
    return frames;
}

} // namespace

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
    fs::path here = workspace && *workspace ? fs::path(workspace) : fs::current_path(error);
    std::vector<fs::path> all = known_roots();
    all.push_back(here);
    for (const fs::path& root : all)
        if (fs::path relative = fs::path(file).lexically_relative(root);
            !relative.empty() && *relative.begin() != "..")
            return relative.string();
    return file;
}

void add_root(const std::string& folder) {
    known_roots().emplace_back(folder);
}

Frame parse_line(std::string_view text) {
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

std::vector<Frame> parse_stack(std::string_view stack, bool is_source) {
    return is_source ? every_frame(stack, true) : frames_of(own_frames(native_frames(stack)));
}

std::vector<Frame> every_frame(std::string_view stack, bool is_source) {
    if (!is_source)
        return frames_of(native_frames(stack));
    std::vector<Frame> frames;
    each_line(stack, [&](std::string_view line) { frames.push_back(parse_line(line)); });
    return frames;
}

Frame first_frame(std::string_view stack, bool is_source) {
    if (stack.empty())
        return {};
    return is_source ? parse_line(stack.substr(0, stack.find('\n'))) : parse_stack(stack, false).front();
}

} // namespace pqsweep::tools
