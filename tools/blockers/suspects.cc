#include "tools/blockers/suspects.hh"

#include <algorithm>

namespace pqsweep::tools {

namespace {

constexpr double longest_pause = 60;

bool may_wait_or_hold(const SeenConnection& c) {
    return has_transaction(c.activity) || is_busy(c.activity) || c.holds_lock;
}

} // namespace

std::vector<const Party*> Suspects::look(const Parties& parties, double now) {
    std::map<Key, Suspect> still;
    std::vector<const Party*> due;
    parties.each([&](const Party& party) {
        const SeenConnection& c = party.connection;
        auto former = suspects_.find(key_of(party));
        bool is_same = former != suspects_.end() && former->second.uses == c.uses;
        Suspect suspect = is_same ? former->second : Suspect{c.uses, now, now + patience_};
        if (may_wait_or_hold(c) && now >= suspect.next) {
            due.push_back(&party);
            suspect.next = now + std::min(now - suspect.since, longest_pause);
        }
        still.emplace(key_of(party), suspect);
    });
    suspects_ = std::move(still);
    return due;
}

void Suspects::ask_again(const Party& party, double now, double delay) {
    auto place = suspects_.find(key_of(party));
    if (place != suspects_.end())
        place->second.next = std::min(place->second.next, now + delay);
}

double Suspects::stands_still(const Party& party, double now) const {
    auto place = suspects_.find(key_of(party));
    bool is_known = place != suspects_.end() && place->second.uses == party.connection.uses;
    return is_known ? now - place->second.since : 0;
}

} // namespace pqsweep::tools
