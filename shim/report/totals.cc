#include "shim/report/totals.hh"

#include "shim/base/settings.hh"

namespace pqsweep::totals {

bool is_open(const Connection& c) {
    return c.state() == State::open;
}

bool is_touched(const Connection& c) {
    return c.in_child & (InChild::used | InChild::finished);
}

Totals of(Table& table) {
    Totals all{};
    table.tags.each([&](const Tag& tag) {
        if (tag.opened && tag.name != TextId::none)
            all.tags++;
        all.opened += tag.opened;
        all.closed += tag.closed;
        all.swept += tag.swept;
    });
    table.stragglers.each([&](const StragglerRecord& s) {
        all.abandoned += is_abandoned(s.fate);
        all.late += s.fate == Fate::closed_late;
        all.pools += s.fate == Fate::open_at_exit;
        all.revived += s.fate == Fate::revived;
        all.revival += s.revival;
    });
    all.open = all.pools;
    table.connections.each([&](const Connection& c) { all.open += is_open(c); });
    return all;
}

bool is_failure(Table& table) {
    Totals all = of(table);
    uint8_t on = the_settings().fail_on;
    return ((on & fail_on_abandoned) && all.abandoned > 0) ||
           ((on & fail_on_transaction) && all.swept.transaction > 0) ||
           ((on & fail_on_exit) && all.open > 0) || ((on & fail_on_late) && all.late > 0);
}

bool is_inherited_a_failure(Table& parents) {
    bool is_any_touched = false;
    parents.connections.each([&](const Connection& c) { is_any_touched |= is_touched(c); });
    return is_any_touched && (the_settings().fail_on & fail_on_inherited);
}

} // namespace pqsweep::totals
