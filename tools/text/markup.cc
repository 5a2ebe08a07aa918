#include "tools/text/markup.hh"

namespace pqsweep::tools {

std::string escaped(std::string_view text) {
    std::string out;
    for (char byte : text) {
        switch (byte) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += static_cast<unsigned char>(byte) < ' ' && byte != '\n' ? '?' : byte;
        }
    }
    return out;
}

} // namespace pqsweep::tools
