// World: all that the threads of a doer share.
#pragma once

#include "tests/chaos/page.hh"

#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace pqsweep::chaos {

using Counts = std::map<std::string, long>;

struct World {
    World(Page& its_page, std::string its_name) : page(its_page), name(std::move(its_name)) {}

    Page& page;
    const std::string name; // the application_name of its connections, or its first part
    // glibc's setenv can hang in a child that was forked while another thread was in it, with the shim or without.
    std::mutex environment;
    // Held, shared, to open a connection, so that a tag is set then: an untagged connection would never be swept.
    std::shared_mutex opening;

    std::mutex counting;
    Counts counts;
    void add(const Counts& more) {
        std::scoped_lock lock(counting);
        for (const auto& [what, times] : more)
            counts[what] += times;
    }

    bool is_over() const { return page.is_to_stop != 0; }

    Record& new_record() {
        for (;;)
            for (Record& record : page.records)
                if (record.take())
                    return record;
    }
};

} // namespace pqsweep::chaos
