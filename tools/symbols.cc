#include "symbols.hh"

namespace pqsweep::tools {

std::string symbolise(const std::string& frame) {
    return frame;
}

} // namespace pqsweep::tools
