#include "tools/report/long_waits.hh"
#include "tools/report/report.hh"
#include "tools/verdict/places.hh"

#include <fmt/core.h>

namespace pqsweep::tools {

namespace {

std::string encoded(std::string_view text, std::string_view special) {
    std::string out;
    for (char byte : text) {
        constexpr unsigned char first_printable = ' ';
        auto code = static_cast<unsigned char>(byte);
        if (special.find(byte) != special.npos)
            out += fmt::format("%{:02X}", code);
        else
            out += code < first_printable ? '?' : byte; // a log shows escape sequences as colours
    }
    return out;
}

std::string message(std::string_view text) {
    return encoded(text, "%\r\n");
}

std::string property(std::string_view text) {
    return encoded(text, "%\r\n:,");
}

std::string annotation(bool is_error, const std::string& file, int line, std::string_view title,
                       std::string_view text) {
    std::string where = file.empty() ? "" : fmt::format("file={},", property(file));
    if (line)
        where += fmt::format("line={},", line);
    return fmt::format("::{} {}title={}::{}\n", is_error ? "error" : "warning", where, property(title),
                       message(text));
}

} // namespace

std::string as_github(const Assessment& a) {
    std::string out;
    bool is_gated = a.gate.exit_code() != 0;
    for (const Place& place : places_of(a.findings, Extent::unclosed)) {
        std::string chain = place.chain.empty() ? "" : "\n" + place.chain_text();
        out += annotation(is_gated && place.fails, place.file, place.line, "pqsweep: connection left open",
                          place.where + ": " + place.text() + chain);
    }
    for (const LongWait& w : a.history.waits()) {
        Frame frame = parse_line(a.history.texts()[w.holder_line]);
        out += annotation(is_gated && a.gate.fails_on_waits(), frame.line ? frame.file : "", frame.line,
                          "pqsweep: waited long for a lock", sentence_of(a.history, w));
    }
    return out;
}

} // namespace pqsweep::tools
