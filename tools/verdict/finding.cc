#include "tools/verdict/finding.hh"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <tuple>

namespace pqsweep::tools {

namespace {

int rank(const Finding& f) {
    if (f.fate == Fate::revived)
        return 4;
    if (f.fate == Fate::open_at_exit)
        return 3;
    if (f.fate == Fate::closed_late)
        return 2;
    return f.state == "idle" ? 1 : 0;
}

auto badness(const Finding& f) {
    return std::tuple(rank(f), UINT64_MAX - f.count, UINT64_MAX - f.outlived, f.tag, f.test, f.stack, f.state,
                      f.fate);
}

} // namespace

std::string opener_of(std::string_view tag, std::string_view test) {
    return test.empty() ? tag_text(tag) : std::string(test);
}

std::string Finding::opener() const {
    return opener_of(tag, test);
}

std::string Finding::outcome() const {
    return fmt::format("{}{}", words_for(fate),
                       standing == Standing::known ? "; in the baseline"
                       : is_new                    ? "; NEW"
                                                   : "");
}

std::string Finding::file() const {
    if (is_source || frame.line)
        return frame.file;
    std::string_view part = test.substr(0, test.find("::"));
    bool is_file = part.size() < test.size() && part.find('.') != part.npos; // "Suite::Test" names none
    return is_file ? from_root(std::string(part)) : "";
}

std::vector<Finding> findings_of(const History& history) {
    std::map<std::tuple<Strings::Id, Strings::Id, std::string, Strings::Id, Fate>, Finding> folded;
    for (const Culprit& c : history.culprits()) {
        std::string_view stack = history.texts()[c.stack];
        Frame frame = first_frame(stack, c.is_source);
        Finding& f = folded[{c.tag, c.test, frame.text(), c.state, c.fate}];
        if (f.count == 0) {
            f = {.tag = history.tag_names()[c.tag],
                 .test = history.texts()[c.test],
                 .stack = stack,
                 .state = history.texts()[c.state],
                 .database = history.texts()[c.database],
                 .is_source = c.is_source,
                 .is_pools = c.is_pools,
                 .frame = frame,
                 .fate = c.fate,
                 .backend = c.backend};
        }
        if (c.last_test != Strings::none)
            f.last_test = history.texts()[c.last_test];
        f.count += c.count;
        f.outlived = std::max(f.outlived, c.outlived);
        f.age = std::max(f.age, c.age);
    }
    std::vector<Finding> all;
    for (auto& [key, finding] : folded)
        all.push_back(std::move(finding));
    std::sort(all.begin(), all.end(),
              [](const Finding& a, const Finding& b) { return badness(a) < badness(b); });
    return all;
}

std::string_view Finding::doing() const {
    if (is_pools && state == name_of(Activity::idle))
        return "idle (a pool's)";
    const auto* known = std::ranges::find(activity_words, state, &ActivityWords::name);
    return known == std::end(activity_words) ? state : known->words;
}

std::string tag_text(std::string_view tag) {
    return tag.empty() ? "(no tag)" : std::string(tag);
}

} // namespace pqsweep::tools
