#include "shim/session/hazards.hh"

#include "shim/base/text.hh"

namespace pqsweep {

void Hazards::add(const Effect& effect) {
    if (is_control(effect.act)) {
        all_ |= controls;
        return;
    }
    switch (effect.act) {
    case Act::create_temporary:
        all_ |= creates;
        break;
    case Act::hold:
        all_ |= holds;
        break;
    case Act::lock:
    case Act::lock_shared:
        all_ |= locks;
        break;
    case Act::set_unknown:
        all_ |= configures;
        break;
    case Act::unclear:
    case Act::unclear_at_once:
        all_ |= hides;
        break;
    case Act::drop_temporary:
    case Act::drop_all_temporary:
    case Act::close:
    case Act::close_all:
    case Act::unlock:
    case Act::unlock_shared:
    case Act::unlock_all: // unseen, these leave a loss standing that is none any more
    case Act::execute:    // what that may do is known already
        break;
    default:
        all_ |= starts_with(effect.before, "SELECT") ? configures : sets;
    }
}

uint8_t Hazards::possible(std::string_view tag) {
    constexpr uint8_t calls = locks | configures | hides;
    constexpr struct {
        std::string_view tag;
        uint8_t hazards;
    } tags[] = {{"BEGIN", controls},
                {"START TRANSACTION", controls},
                {"COMMIT", controls},
                {"ROLLBACK", controls},
                {"SAVEPOINT", controls},
                {"RELEASE", controls},
                {"PREPARE TRANSACTION", controls},
                {"SET", sets},
                {"RESET", sets},
                {"LISTEN", sets},
                {"UNLISTEN", sets},
                {"PREPARE", sets},
                {"DEALLOCATE", sets},
                {"LOAD", sets},
                {"DISCARD", sets},
                {"DECLARE", holds},
                {"CREATE", creates | calls},
                {"SELECT", creates | calls}};
    if (tag.empty()) // the server's word will tell about a transaction
        return sets | creates | holds | calls;
    for (const auto& each : tags)
        if (starts_with(tag, each.tag))
            return each.hazards;
    return calls;
}

Act Hazards::control(std::string_view tag) {
    if (tag == "BEGIN" || tag == "START TRANSACTION")
        return Act::begin;
    return tag == "COMMIT" ? Act::commit : Act::rollback_to; // or a savepoint: one that nobody knows
}

} // namespace pqsweep
