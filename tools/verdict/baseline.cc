#include "tools/verdict/baseline.hh"

#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <fstream>
#include <nlohmann/json.hpp>

namespace pqsweep::tools {

namespace {

constexpr int known_version = 1;

} // namespace

Baseline::Identity Baseline::identity_of(const Finding& f) {
    return {std::string(f.tag), std::string(f.test), std::string(f.state), f.frame.place()};
}

bool Baseline::has(const Finding& finding) const {
    return known_.contains(identity_of(finding));
}

std::string Baseline::load(const std::string& file) {
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
            known_.emplace(culprit.at("tag"), culprit.at("test"), culprit.at("state"), culprit.at("place"));
    } catch (const nlohmann::json::exception& e) {
        return fmt::format("{}: not a baseline: {}", file, e.what());
    }
    return "";
}

std::string Baseline::write(const std::string& file, const std::vector<Finding>& findings) {
    std::set<Identity> sorted; // so that one more culprit is a small change of the file
    for (const Finding& finding : findings)
        if (finding.fate != Fate::revived)
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
