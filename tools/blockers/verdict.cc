#include "tools/blockers/verdict.hh"

#include <algorithm>

namespace pqsweep::tools {

bool is_forgotten(const Session& holder, const Wait& wait, double stands_still, double patience) {
    if (holder.is_in_transaction() || (holder.is_idle() && wait.lock.type == "advisory"))
        return holder.in_state >= patience;
    return holder.waits_for_client() && std::min(holder.in_state, stands_still) >= patience;
}

} // namespace pqsweep::tools
