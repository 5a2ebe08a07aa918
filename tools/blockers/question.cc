#include "tools/blockers/question.hh"

namespace pqsweep::tools {

namespace {

// A lock's object is what its row of pg_locks has besides pid and mode. The alias `l` is the lock that is waited for.
constexpr const char* same_object =
    "h.locktype = l.locktype and h.database is not distinct from l.database"
    " and h.relation is not distinct from l.relation and h.page is not distinct from l.page"
    " and h.tuple is not distinct from l.tuple and h.virtualxid is not distinct from l.virtualxid"
    " and h.transactionid is not distinct from l.transactionid and h.classid is not distinct from l.classid"
    " and h.objid is not distinct from l.objid and h.objsubid is not distinct from l.objsubid";

// A wait for a transaction names no relation: the row lock that the waiter took on its way does, or the index that it builds.
constexpr const char* tuple_relation =
    "(select t.relation from pg_locks t where t.pid = l.pid and t.locktype = 'tuple' and t.granted limit 1)";
constexpr const char* index_relation =
    "(select p.relid from pg_stat_progress_create_index p where p.pid = l.pid limit 1)";

} // namespace

std::string question(int server_version) {
    bool has_progress = server_version >= 120000;
    std::string relation = std::string("coalesce(l.relation, ") + tuple_relation +
                           (has_progress ? std::string(", ") + index_relation : "") + ")";
    return std::string("with here as (select oid from pg_database where datname = current_database()),"
                       " lock as (select l.*, (to_jsonb(l) ->> 'waitstart')::timestamptz as since"
                       "   from pg_locks l where not l.granted and l.pid is not null),"
                       " waiting as ("
                       "   select l.pid, l.locktype as type, l.mode,"
                       "     case when l.database = 0 or coalesce(l.database, here.oid) = here.oid then ") +
           relation +
           "::regclass::text end as relation,"
           "     case when l.locktype <> 'advisory' then"
           "         case when l.classid = 1262 and l.objid = 0 then 'notify' else l.objid::text end"
           "       when l.objsubid = 1 then ((l.classid::int8 << 32) | l.objid::int8)::text"
           "       else l.classid::text || ', ' || l.objid::text end as key,"
           "     case when l.locktype = 'object' and l.classid = 1262 then"
           "       (select datname from pg_database where oid = l.objid) end as on_database,"
           "     pg_blocking_pids(l.pid) as holders,"
           "     extract(epoch from clock_timestamp() - coalesce(l.since, a.query_start)) as waited,"
           "     (select array_agg(p.gid) from pg_locks h"
           "        join pg_locks x on x.virtualtransaction = h.virtualtransaction and x.pid is null"
           "        join pg_prepared_xacts p on p.transaction = x.transactionid"
           "        where h.pid is null and h.granted and " +
           same_object +
           ") as gids"
           "   from lock l cross join here left join pg_stat_activity a on a.pid = l.pid"
           "   where l.pid <> pg_backend_pid() and (a.datid is null or a.datid = here.oid)"
           "   union all"
           "   select a.pid, a.wait_event, '', null, null, null, array[]::int[],"
           "     extract(epoch from clock_timestamp() - a.query_start), null"
           "   from pg_stat_activity a cross join here"
           "   where a.wait_event in ('SyncRep', 'BufferPin') and a.datid = here.oid and a.state = 'active'),"
           " involved as (select pid from waiting union select unnest(holders) from waiting)"
           " select json_build_object('backend', pg_backend_pid(),"
           "  'timeouts', (select sum(setting::int8) from pg_settings where name in ('lock_timeout', "
           "'statement_timeout', 'transaction_timeout')),"
           "  'waits', (select json_agg(w) from waiting w),"
           "  'prepared', (select json_agg(distinct gid) from waiting w, unnest(w.gids) gid),"
           "  'sessions', (select json_agg(s) from (select a.pid, a.datname as database, a.usename as user,"
           "     a.application_name as application, host(a.client_addr) as address, a.state,"
           "     a.wait_event_type as wait_type, a.wait_event, left(a.query, 100) as query,"
           "     extract(epoch from clock_timestamp() - a.state_change) as in_state,"
           "     extract(epoch from clock_timestamp() - a.query_start) as in_statement"
           "     from pg_stat_activity a where a.pid in (select pid from involved)) s))";
}

} // namespace pqsweep::tools
