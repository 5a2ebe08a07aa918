#include "tools/verdict/places.hh"

#include "tools/text/counts.hh"

#include <algorithm>
#include <fmt/ranges.h>
#include <iterator>

namespace pqsweep::tools {

namespace {

// "in transaction, abandoned", or each with its number if they differ.
template<class Key, class Words>
std::string mixture(const std::map<Key, uint64_t>& numbers, Words words) {
    std::vector<std::string> parts;
    for (const auto& [key, number] : numbers)
        if (std::string text(words(key)); !text.empty())
            parts.push_back(numbers.size() == 1 ? text : fmt::format("{} {}", number, text));
    return fmt::format("{}", fmt::join(parts, ", "));
}

bool is_wanted(const Finding& f, Extent extent) {
    if (f.standing == Standing::failed || extent == Extent::everything)
        return f.standing != Standing::suppressed;
    bool is_unclosed = f.standing == Standing::passed && f.fate != Fate::revived;
    return is_unclosed && (extent == Extent::unclosed || is_straggler(f.fate));
}

std::string where(const Finding& f) {
    if (f.stack.empty() || (f.has_foreign_line() && !f.test.empty()))
        return f.opener();
    return f.frame.line ? fmt::format("{}:{}", f.frame.file, f.frame.line) : f.frame.text();
}

// The outermost frame in the test's file; if there is none, the outermost frame of all.
size_t tests_own(const std::vector<Frame>& frames, std::string_view test) {
    std::string file = from_root(std::string(test.substr(0, test.find("::"))));
    for (size_t i = frames.size(); i-- > 0;)
        if (frames[i].file == file)
            return i;
    return frames.size() - 1;
}

// The test's name is known, so the function of its own frame is left out.
std::vector<Frame> chain_of(const Finding& f) {
    std::vector<Frame> frames = parse_stack(f.stack, f.is_source);
    if (frames.empty())
        return frames;
    size_t own = tests_own(frames, f.test);
    Frame last = frames[own];
    if (last.line && own > 0)
        last.function.clear();
    frames.resize(std::min<size_t>(own, 2));
    frames.push_back(last);
    return frames;
}

std::string text_of(const std::vector<Frame>& chain, const Frame& pool) {
    std::vector<std::string> parts;
    std::ranges::transform(chain, std::back_inserter(parts), &Frame::text);
    std::string made = pool.file.empty() ? "" : fmt::format(" (pool: {})", pool.text());
    return fmt::format("{}{}", fmt::join(parts, " < "), made);
}

} // namespace

std::string chain_text(const Finding& f) {
    return text_of(chain_of(f), f.pool_frame);
}

Frame tests_line(const Finding& f) {
    std::vector<Frame> frames = parse_stack(f.stack, f.is_source);
    if (!frames.empty() && !f.has_foreign_line())
        if (const Frame& own = frames[tests_own(frames, f.test)]; own.line)
            return own;
    return {.file = f.file(), .function = {}};
}

std::string Place::opener() const {
    if (openers.size() == 1)
        return *openers.begin();
    return tags.size() > 1 ? counted(tags.size(), "module") : counted(openers.size(), "test");
}

std::string Place::outcome() const {
    std::string doing = mixture(states, [](std::string_view words) { return words; });
    std::string mark = count_new == 0       ? ""
                       : count_new == count ? "; NEW"
                                            : fmt::format("; {} NEW", count_new);
    return doing + (doing.empty() ? "" : ", ") + mixture(fates, [](Fate fate) { return words_for(fate); }) +
           mark;
}

std::string Place::user(const Namer& name) const {
    return users.size() == 1 ? name(*users.begin()) : counted(users.size(), "test");
}

std::string Place::text(const Namer& name) const {
    std::string of = opener() == where ? "" : " of " + name(opener());
    std::string used = users.empty() ? "" : ", last used by " + user(name);
    return fmt::format("{}{}{}, {}", counted(count, "connection"), of, used, outcome());
}

std::string Place::chain_text() const {
    return text_of(chain, pool);
}

std::vector<Place> places_of(const std::vector<Finding>& findings, Extent extent) {
    std::vector<Place> places;
    std::map<std::string, size_t> known;
    for (const Finding& f : findings) {
        if (!is_wanted(f, extent))
            continue;
        auto [entry, is_new] = known.try_emplace(where(f), places.size());
        Place& place = is_new ? places.emplace_back() : places[entry->second];
        if (is_new) {
            place.where = entry->first;
            place.chain = chain_of(f);
            place.pool = f.pool_frame;
        } else if (place.pool != f.pool_frame) {
            place.pool = {};
        }
        Frame own = tests_line(f);
        bool is_shared = !is_new && (place.file != own.file || place.line != own.line);
        place.file = is_shared ? f.file() : own.file;
        place.line = is_shared ? f.frame.line : own.line;
        place.findings.push_back(&f);
        place.openers.insert(f.opener());
        place.tags[f.tag] += f.count;
        if (!f.last_test.empty())
            place.users.insert(f.last_test);
        place.fates[f.fate] += f.count;
        place.states[f.doing()] += f.count;
        place.count += f.count;
        place.count_new += f.is_new ? f.count : 0;
        place.fails |= f.standing == Standing::failed;
    }
    std::ranges::stable_sort(places, [](const Place& a, const Place& b) {
        return std::pair(a.fails, a.count) > std::pair(b.fails, b.count);
    });
    return places;
}

} // namespace pqsweep::tools
