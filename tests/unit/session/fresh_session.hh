// Fresh: a session in zeroed memory, as the table has it, whose texts are run one after the other.
#pragma once

#include "shim/session/session.hh"

#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <string>

namespace pqsweep {

struct Fresh {
    Session* session = static_cast<Session*>(calloc(1, sizeof(Session)));
    Fresh() = default;
    Fresh(const Fresh&) = delete;
    Fresh& operator=(const Fresh&) = delete;
    ~Fresh() {
        session->forget();
        free(session);
    }
    Session* operator->() const { return session; }

    // Outside a pipeline: each text has its outcome before the next one, and the server's word follows it.
    Fresh& runs(std::string_view sql, bool in_transaction = false, bool ok = true,
                std::string_view tag = "") {
        session->sends(sql);
        session->gets(ok, tag);
        session->settles(in_transaction);
        return *this;
    }
    Fresh& fails(std::string_view sql, bool in_transaction = false) {
        return runs(sql, in_transaction, false);
    }
    Fresh& begun(std::string_view sql) { return runs(sql, true); }

    std::string replay() const {
        std::string all;
        session->each(
            [&](std::string_view sql) {
                CHECK(strlen(sql.data()) == sql.size());
                all.append(sql).append("; ");
            },
            [&](const char* name, const char* sql, int n, const unsigned* types) {
                all.append("Parse ").append(name).append(": ").append(sql);
                CHECK((n > 0) == (types != nullptr));
                for (int i = 0; i < n; i++)
                    all.append(" ").append(std::to_string(types[i]));
                all.append("; ");
            });
        return all;
    }
    Loss loss() const { return session->loss(); }
    bool is_zero() const {
        const Session zero{};
        return memcmp(static_cast<const void*>(session), static_cast<const void*>(&zero), sizeof zero) == 0;
    }
};

} // namespace pqsweep
