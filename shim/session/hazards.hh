// Hazards: what executing some prepared statement may do to the session. Which one is executed is not known, only its
// command tag is.
#pragma once

#include "shim/session/sql/sql.hh"

namespace pqsweep {

class Hazards {
public:
    // A statement with this effect is prepared.
    void add(const Effect& effect);
    bool any() const { return all_ != 0; }
    // An execution that fails may have an effect all the same.
    bool may_survive() const { return (all_ & (locks | hides)) != 0; }

    // Calls visit(Act) for all that an execution with this command tag may have done; empty: any tag.
    template<class Visit>
    void each(std::string_view command_tag, Visit visit) const;

private:
    enum Hazard : uint8_t {
        controls = 1,
        sets = 2,
        creates = 4,
        holds = 8,
        locks = 16,
        configures = 32,
        hides = 64
    };
    static uint8_t possible(std::string_view command_tag);
    static Act control(std::string_view command_tag);

    uint8_t all_;
};

template<class Visit>
void Hazards::each(std::string_view command_tag, Visit visit) const {
    constexpr struct {
        Hazard hazard;
        Act act;
    } acts[] = {
        {sets, Act::unclear_at_once}, {creates, Act::create_temporary}, {holds, Act::hold},
        {locks, Act::lock},           {configures, Act::set_unknown},   {hides, Act::unclear_at_once}};
    int may = all_ & possible(command_tag);
    if (may & controls)
        visit(control(command_tag));
    else if (may & sets && command_tag == "DISCARD ALL")
        return visit(Act::discard_all);
    for (const auto& [hazard, act] : acts)
        if (may & hazard)
            visit(act);
}

} // namespace pqsweep
