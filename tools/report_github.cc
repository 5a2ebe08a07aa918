#include "report.hh"
namespace pqsweep::tools {
std::string as_github(const Assessment&) {
    return "";
}
} // namespace pqsweep::tools
