// Reads the text of /proc/<pid>/stat, for the shim and the tools.
#pragma once

#include "shim/base/text.hh"

namespace pqsweep {

// Returns the fields from the third, the state, on. The second is the program's name, with any characters in it.
inline std::string_view stat_fields(std::string_view stat) {
    size_t name_end = stat.rfind(')');
    return name_end == stat.npos || name_end + 2 > stat.size()
               ? std::string_view()
               : std::string_view(stat.data() + name_end + 2, stat.size() - name_end - 2);
}

// Returns when the process started, in clock ticks since the machine did; 0 if that is unknown. The pid and this together
// name a process.
inline uint64_t start_time_in(std::string_view stat) {
    constexpr int from_state = 22 - 3;
    std::string_view fields = stat_fields(stat);
    for (int i = 0; i < from_state; i++) {
        size_t space = fields.find(' ');
        if (space == fields.npos)
            return 0;
        fields.remove_prefix(space + 1);
    }
    uint64_t time = 0;
    for (size_t i = 0; i < fields.size() && fields[i] >= '0' && fields[i] <= '9'; i++)
        time = time * 10 + static_cast<uint64_t>(fields[i] - '0');
    return time;
}

} // namespace pqsweep
