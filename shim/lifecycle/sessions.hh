// What the owner's calls and their results mean for the session: fed to Session, which remembers what a revival
// must give back. Only for connections that may be revived.
#pragma once

#include "shim/base/settings.hh"
#include "shim/lifecycle/tracker.hh"

#include <cstring>

namespace pqsweep::sessions {

inline bool is_worth_it(const Connection& c) {
    return c.epoch != 0 && the_settings().revive;
}

inline std::string_view text_of(const char* sql) {
    return sql ? sql : "";
}

// After `call` has sent something off.
template<Call call, class... Args>
void sent(Session& session, Args... args) {
    if constexpr (call == Call::PQexec || call == Call::PQsendQuery)
        session.sends(text_of(args...));
    else if constexpr (call == Call::PQexecParams || call == Call::PQsendQueryParams)
        [&](const char* sql, int n, const Oid* types, const char* const* values, const int* lengths,
            const int* formats, int) {
            session.sends(text_of(sql), {n, types, values, lengths, formats});
        }(args...);
    else if constexpr (call == Call::PQexecPrepared || call == Call::PQsendQueryPrepared)
        [&](const char* name, int n, const char* const* values, const int* lengths, const int* formats, int) {
            session.sends_execute(name, {n, nullptr, values, lengths, formats});
        }(args...);
    else if constexpr (call == Call::PQprepare || call == Call::PQsendPrepare)
        session.sends_prepare(args...);
    else if constexpr (call == Call::PQclosePrepared || call == Call::PQsendClosePrepared)
        session.sends_close(args...);
    else if constexpr (call != Call::PQpipelineSync && call != Call::PQsendPipelineSync &&
                       call != Call::PQsendFlushRequest)
        session.sends_other();
}

// A result of the oldest command that has not ended yet; null at its end.
void got(const Connection& connection, ResultInProgress& in_progress, Session& session,
         const PGresult* result);

// Where nothing is under way any more, the session hears of it. Whether there is something in it.
bool settled(const Connection& connection, Session& session);

} // namespace pqsweep::sessions
