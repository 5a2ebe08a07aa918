#include "tools/journal/own_frames.hh"

#include <algorithm>
#include <iterator>

namespace pqsweep::tools {

namespace {

// GoogleTest, Catch2, doctest, Boost.Test and CppUTest.
constexpr std::string_view frameworks[] = {
    "testing::",
    "Catch::",
    "doctest::",
    "boost::unit_test::",
    "boost::execution_monitor",
    "boost::detail::",
    "boost::function",
    "RUN_ALL_TESTS",
    "Utest",
    "CommandLineTest",
    "TestRegistry::",
    "TestPlugin::",
    "PlatformSpecific",
    "helperDoTestBody",
    "helperDoRunOneTest",
};
constexpr std::string_view libraries[] = {"std::", "__gnu_cxx::", "pqxx::", "__libc_", "_start"};
constexpr std::string_view system_folders[] = {"/usr/include/", "/usr/lib/", "/usr/lib64/", "/lib/",
                                               "/lib64/"};

template<class Prefixes>
bool begins_with_any(std::string_view text, const Prefixes& prefixes) {
    return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return text.starts_with(prefix); });
}

bool is_of_framework(const NativeFrame& frame) {
    constexpr std::string_view made_by_boost = "_invoker"; // by BOOST_AUTO_TEST_CASE
    return begins_with_any(frame.function, frameworks) || frame.function.ends_with(made_by_boost);
}

bool is_of_library(const NativeFrame& frame) {
    bool is_system = begins_with_any(frame.module, system_folders) ||
                     begins_with_any(frame.file, system_folders) ||
                     begins_with_any(frame.function, libraries);
    return is_system || (!frame.line && frame.module.find(".so") != std::string::npos);
}

bool is_of_program(const NativeFrame& frame) {
    return !is_of_framework(frame) && !is_of_library(frame);
}

} // namespace

std::vector<NativeFrame> own_frames(const std::vector<NativeFrame>& frames) {
    // What is outside of the framework's outermost function starts the tests.
    auto outermost = std::find_if(frames.rbegin(), frames.rend(), is_of_framework).base();
    if (outermost == frames.begin())
        outermost = frames.end();
    std::vector<NativeFrame> own;
    std::copy_if(frames.begin(), outermost, std::back_inserter(own), is_of_program);
    if (own.empty())
        std::ranges::copy_if(frames, std::back_inserter(own), is_of_program);
    if (std::ranges::any_of(own, [](const NativeFrame& frame) { return frame.line > 0; }))
        std::erase_if(own, [](const NativeFrame& frame) { return frame.line == 0; });
    return own.empty() ? frames : own;
}

} // namespace pqsweep::tools
