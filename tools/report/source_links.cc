#include "tools/report/source_links.hh"

#include <cstdlib>
#include <fmt/core.h>

namespace pqsweep::tools {

namespace {

std::string variable(const char* name) {
    const char* value = getenv(name);
    return value ? value : "";
}

std::string form_of_ci() {
    if (std::string server = variable("GITHUB_SERVER_URL"), name = variable("GITHUB_REPOSITORY");
        !server.empty() && !name.empty())
        return server + "/" + name + "/blob/{revision}/{file}#L{line}";
    if (std::string project = variable("CI_PROJECT_URL"); !project.empty())
        return project + "/-/blob/{revision}/{file}#L{line}";
    return "";
}

std::string encoded(std::string_view path) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./~";
    std::string out;
    for (char byte : path)
        out += plain.find(byte) != plain.npos ? std::string(1, byte)
                                              : fmt::format("%{:02X}", static_cast<unsigned char>(byte));
    return out;
}

void replace(std::string& text, std::string_view part, const std::string& value) {
    for (size_t at = 0; (at = text.find(part, at)) != text.npos; at += value.size())
        text.replace(at, part.size(), value);
}

} // namespace

SourceLinks::SourceLinks(std::string form, const History& history) : form_(std::move(form)) {
    if (form_.empty())
        form_ = form_of_ci();
    else if (form_ == "vscode")
        form_ = "vscode://file{root}/{file}:{line}";
    if (!history.launches().empty()) {
        root_ = history.launches()[0].root;
        revision_ = history.launches()[0].revision;
    }
    bool lacks_root = root_.empty() && form_.find("{root}") != form_.npos;
    bool lacks_revision = revision_.empty() && form_.find("{revision}") != form_.npos;
    if (lacks_root || lacks_revision)
        form_.clear();
}

std::string SourceLinks::to(const std::string& file, int line) const {
    bool is_in_checkout = !file.empty() && file[0] != '/' && file[0] != '<';
    if (form_.empty() || line == 0 || !is_in_checkout)
        return "";
    std::string address = form_;
    replace(address, "{root}", encoded(root_));
    replace(address, "{revision}", encoded(revision_));
    replace(address, "{line}", std::to_string(line));
    replace(address, "{file}", encoded(file));
    return address;
}

} // namespace pqsweep::tools
