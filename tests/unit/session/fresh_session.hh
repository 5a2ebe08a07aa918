// Fresh: a session in zeroed memory, as in the table, that runs one text after the other.
#pragma once

#include "shim/session/session.hh"

#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

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

    // Outside a pipeline each text has its outcome before the next one; then comes the server's transaction status.
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
    // Through libpq, outside a pipeline.
    Fresh& prepares(const char* name, const char* sql) {
        session->sends_prepare(name, sql, 0, nullptr);
        session->gets(true, "");
        session->settles(false);
        return *this;
    }
    Fresh& executes(const char* name, const std::vector<const char*>& values = {},
                    bool in_transaction = false, std::string_view tag = "") {
        session->sends_execute(name, bound(values));
        session->gets(true, tag);
        session->settles(in_transaction);
        return *this;
    }
    Fresh& runs_with(std::string_view sql, const std::vector<const char*>& values) {
        session->sends(sql, {}, bound(values));
        session->gets(true, "");
        session->settles(false);
        return *this;
    }
    static Parameters bound(const std::vector<const char*>& values) {
        return {static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr};
    }
    Fresh& begun(std::string_view sql) { return runs(sql, true); }

    std::string replay() const {
        std::string all;
        session->each([&](const Note& note) {
            CHECK(strlen(note.text().data()) == note.text().size());
            if (note.act == Act::prepare && !note.by_sql) {
                all.append("Parse ").append(note.key()).append(": ").append(note.text());
                for (uint32_t i = 0; i < note.count; i++)
                    all.append(" ").append(std::to_string(note.types()[i]));
            } else if (note.act == Act::unset || note.act == Act::define) {
                all.append("reset ").append(note.key());
            } else if (note.is_value) {
                all.append(note.key()).append(" := ").append(note.text());
            } else {
                all.append(note.text());
            }
            all.append("; ");
        });
        return all;
    }
    Loss loss() const { return session->loss(); }
    std::string since() const { return std::string(session->lost().since); }
    bool is_zero() const {
        const Session zero{};
        return memcmp(static_cast<const void*>(session), static_cast<const void*>(&zero), sizeof zero) == 0;
    }
};

} // namespace pqsweep
