#include "shim/lifecycle/sessions.hh"

namespace pqsweep::sessions {

void got(const Connection& c, ResultInProgress& in_progress, Session& session, const PGresult* result) {
    if (!result) {
        session.gets(!in_progress.has_failed, in_progress.tag);
        in_progress.has_failed = false;
        in_progress.tag[0] = 0;
        return;
    }
    ExecStatusType status = c.libpq->PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC)
        return;
    in_progress.has_failed |=
        status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_PIPELINE_ABORTED;
    if (!session.awaits_tag())
        return;
    const char* tag = c.libpq->PQcmdStatus(const_cast<PGresult*>(result));
    strncpy(in_progress.tag, tag, sizeof in_progress.tag - 1);
}

bool settled(const Connection& c, Session& session) {
    if (session.is_empty())
        return false;
    if (is_busy(c.activity) || c.activity == Activity::lost)
        return true;
    session.settles(c.activity != Activity::idle);
    return !session.is_empty();
}

} // namespace pqsweep::sessions
