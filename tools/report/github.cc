#include "tools/report/long_waits.hh"
#include "tools/report/report.hh"

#include <fmt/core.h>

namespace pqsweep::tools {

namespace {

std::string encoded(std::string_view text, std::string_view special) {
    std::string out;
    for (char byte : text) {
        if (special.find(byte) == special.npos)
            out += byte;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
    }
    return out;
}

std::string message(std::string_view text) {
    return encoded(text, "%\r\n");
}

std::string property(std::string_view text) {
    return encoded(text, "%\r\n:,");
}

// Returns the line that opened the connection or, if that is unknown, the test's file.
std::string place_of(const Finding& f) {
    if (f.is_source)
        return fmt::format(" file={},line={},", property(f.frame.file), f.frame.line);
    size_t file_end = f.test.find("::");
    if (file_end == f.test.npos)
        return " ";
    return fmt::format(" file={},", property(from_root(std::string(f.test.substr(0, file_end)))));
}

} // namespace

std::string as_github(const Assessment& a) {
    std::string out;
    for (const Finding& f : a.findings) {
        if (f.fate == Fate::revived || f.standing == Standing::suppressed || f.standing == Standing::known)
            continue;
        std::string state = f.state.empty() ? "" : fmt::format(" ({})", words_for_state(f.state));
        std::string text = fmt::format("{} connection{} of {}{}: {}", f.count, f.count == 1 ? "" : "s",
                                       f.opener(), state, words_for(f.fate));
        for (const Frame& frame : parse_stack(f.stack, f.is_source))
            text += "\n" + frame.text();
        out += fmt::format("::{}{}title={}::{}\n", f.standing == Standing::failed ? "error" : "warning",
                           place_of(f), property("pqsweep: connection left open"), message(text));
    }
    for (const LongWait& w : a.history.waits()) {
        Frame frame = parse_frame(a.history.texts()[w.holder_line], true);
        out +=
            fmt::format("::{}{}title={}::{}\n", a.gate.fails_on_waits() ? "error" : "warning",
                        frame.line ? fmt::format(" file={},line={},", property(frame.file), frame.line) : " ",
                        property("pqsweep: waited long for a lock"), message(sentence_of(a.history, w)));
    }
    return out;
}

} // namespace pqsweep::tools
