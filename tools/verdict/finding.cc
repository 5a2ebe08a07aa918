#include "tools/verdict/finding.hh"

#include "shim/table/source_file.hh"

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

// A test's id begins with a file's name, or with one of a module, class or suite: "shop.tests::OrderTest.test_total".
bool is_file_name(std::string_view text) {
    constexpr size_t longest_suffix = 4;
    size_t dot = text.rfind('.');
    std::string_view suffix = dot == text.npos ? "" : text.substr(dot + 1);
    bool is_runners = suffix == "py" || suffix == "rb" || suffix == "t";
    return is_runners || (!suffix.empty() && suffix.size() <= longest_suffix && text.find('/') != text.npos);
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

bool Finding::has_foreign_line() const {
    return is_source && source_file::says(frame.file) != source_file::Says::most;
}

std::string Finding::file() const {
    if (frame.line && !has_foreign_line())
        return frame.file;
    std::string id = opener(), part = id.substr(0, id.find("::"));
    return is_file_name(part) ? from_root(part) : "";
}

std::vector<Finding> findings_of(const History& history) {
    std::map<std::tuple<Strings::Id, Strings::Id, std::string, Strings::Id, Strings::Id, Fate>, Finding>
        folded;
    for (const Culprit& c : history.culprits()) {
        std::string_view stack = history.texts()[c.stack];
        Frame frame = first_frame(stack, c.is_source);
        Finding& f = folded[{c.tag, c.test, frame.text(), c.pool_line, c.state, c.fate}];
        if (f.count == 0) {
            f = {.tag = history.tag_names()[c.tag],
                 .test = history.texts()[c.test],
                 .stack = stack,
                 .state = history.texts()[c.state],
                 .database = history.texts()[c.database],
                 .is_source = c.is_source,
                 .is_pools = c.is_pools,
                 .frame = frame,
                 .pool_frame = parse_line(history.texts()[c.pool_line]),
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
