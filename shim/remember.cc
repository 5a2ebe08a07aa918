#include "remember.hh"

namespace pqsweep::remember {

void got(const Connection& c, Command& command, Session& session, const PGresult* result) {
    if (!result) {
        session.gets(!command.has_failed, command.tag);
        command = {};
        return;
    }
    ExecStatusType status = c.libpq->get<Call::PQresultStatus>()(result);
    if (status == PGRES_PIPELINE_SYNC)
        return;
    command.has_failed |=
        status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_PIPELINE_ABORTED;
    const char* tag = c.libpq->get<Call::PQcmdStatus>()(const_cast<PGresult*>(result));
    strncpy(command.tag, tag, sizeof command.tag - 1);
}

} // namespace pqsweep::remember
