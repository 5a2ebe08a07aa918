#include "tools/verdict/baseline.hh"

#include "tools/text/utf8.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <fstream>
#include <nlohmann/json.hpp>

namespace pqsweep::tools {

namespace {

constexpr int known_version = 1;

// "t.py::test_a[eur]@group (call)" becomes "t.py::test_a (call)". What has no "::" is no pytest id and stays.
std::string without_parameters(std::string_view id) {
    size_t name = id.find("::");
    if (name == id.npos)
        return std::string(id);
    size_t phase = id.ends_with(')') ? id.rfind(" (") : id.npos;
    std::string_view end = phase == id.npos ? "" : id.substr(phase);
    return std::string(id.substr(0, std::min(id.find_first_of("[@", name), id.size() - end.size()))) +
           std::string(end);
}

bool is_of_fixture(std::string_view tag, std::string_view test) {
    return tag.starts_with("fixture ") || test.ends_with(" (setup)") || test.ends_with(" (teardown)");
}

} // namespace

Baseline::Identity Baseline::identity_of(std::string_view tag, std::string_view test, std::string_view state,
                                         std::string_view place) {
    bool is_placed = !place.empty() && is_of_fixture(tag, test);
    return {without_parameters(tag), is_placed ? "" : without_parameters(test), std::string(state),
            std::string(place)};
}

Baseline::Identity Baseline::identity_of(const Finding& f) {
    return identity_of(f.tag, f.test, f.state, f.frame.place());
}

bool Baseline::match(const Finding& finding) {
    auto entry = known_.find(identity_of(finding));
    if (entry == known_.end())
        return false;
    matched_.insert(*entry);
    return true;
}

std::vector<std::string> Baseline::stale(const History& history) const {
    std::set<std::string> tags;
    for (Strings::Id tag = 0; tag < history.tags().size(); tag++)
        tags.insert(without_parameters(history.tag_names()[tag]));
    std::vector<std::string> lines;
    for (const Identity& one : known_) {
        if (matched_.contains(one) || !tags.contains(one.tag))
            continue;
        std::string opener = opener_of(one.tag, one.test);
        lines.push_back(printable(fmt::format("{}: nobody leaves this open any more: {}{}", file_, opener,
                                              one.place.empty() ? "" : " at " + one.place)));
    }
    return lines;
}

std::string Baseline::load(const std::string& file) {
    file_ = file;
    std::ifstream stream(file);
    if (!stream)
        return fmt::format("{}: {}; 'pqsweep report --write-baseline {}' writes one", file, strerror(errno),
                           file);
    try {
        auto json = nlohmann::json::parse(stream);
        if (json.at("version") != known_version)
            return fmt::format("{}: version {}, and this pqsweep knows {}", file, json["version"].dump(),
                               known_version);
        for (const auto& culprit : json.at("culprits"))
            known_.insert(
                identity_of(culprit.at("tag").get<std::string>(), culprit.at("test").get<std::string>(),
                            culprit.at("state").get<std::string>(), culprit.at("place").get<std::string>()));
    } catch (const nlohmann::json::exception& e) {
        return fmt::format("{}: not a baseline: {}", file, e.what());
    }
    return "";
}

std::string Baseline::write(const std::string& file, const std::vector<Finding>& findings) {
    std::set<Identity> sorted; // so that one more culprit is a small change of the file
    for (const Finding& finding : findings)
        sorted.insert(identity_of(finding));
    nlohmann::ordered_json json = {{"version", known_version}, {"culprits", nlohmann::ordered_json::array()}};
    for (const auto& [tag, test, state, place] : sorted)
        json["culprits"].push_back({{"tag", tag}, {"test", test}, {"state", state}, {"place", place}});
    std::ofstream stream(file);
    stream << json.dump(2) << "\n";
    stream.close();
    return stream ? "" : fmt::format("{}: {}", file, strerror(errno));
}

} // namespace pqsweep::tools
