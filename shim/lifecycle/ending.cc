#include "shim/lifecycle/ending.hh"

#include "shim/lifecycle/tag.hh"
#include "shim/origin/destructors.hh"

namespace pqsweep::ending {

Ending of_now(Table& table, const void* caller) {
    if (tag::is_over() || destructors::is_running(caller))
        return Ending::dropped;
    return tag::is_in_body(table) ? Ending::unknown : Ending::by_owner;
}

} // namespace pqsweep::ending
