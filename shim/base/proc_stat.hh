// What /proc/<pid>/stat says, for the shim and the tools.
#pragma once

#include "shim/base/text.hh"

namespace pqsweep {

// The fields after the program's name, which may have any characters in it: from the third, the state, on.
inline std::string_view stat_fields(std::string_view stat) {
    size_t name_end = stat.rfind(')');
    return name_end == stat.npos || name_end + 2 > stat.size()
               ? std::string_view()
               : std::string_view(stat.data() + name_end + 2, stat.size() - name_end - 2);
}

// When the process started, in clock ticks since the machine did: with the pid, what names a process. 0: unknown.
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
