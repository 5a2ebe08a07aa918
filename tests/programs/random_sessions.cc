// random_sessions PROGRAMS [FIRST_SEED]
//
// Runs random programs on two connections, each to a database of its own. The tag changes at random moments, which sweeps one of
// them; the other one is kept. After each step both have returned the same, and both sessions look the same, or the swept one has
// said for a true reason that it could not be restored. Prints each difference with the program that leads to it, and a count.
// link: -lpq
#include "tests/programs/random_statements.hh"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <libpq-fe.h>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

Result owned(PGresult* result) {
    return {result, PQclear};
}

std::string described(const PGresult* result) {
    if (!result)
        return "none";
    std::string text = PQresStatus(PQresultStatus(result));
    if (const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE)) {
        text += std::string(" ") + state;
        const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
        text += std::string(" ") + (message ? message : "") + " " + (detail ? detail : "");
        return text;
    }
    text +=
        std::string(" ") + PQcmdStatus(const_cast<PGresult*>(result)) + " " + PQresultErrorMessage(result);
    for (int row = 0; row < PQntuples(result); row++)
        for (int column = 0; column < PQnfields(result); column++)
            text += std::string(" ") +
                    (PQgetisnull(result, row, column) ? "null" : PQgetvalue(result, row, column));
    return text;
}

// Returns what a program can see of a session, but for the text of a statement that SQL has prepared: that is all the text that PREPARE
// was in.
constexpr const char* visible =
    "select concat_ws(E'\\n',"
    " (select string_agg(name || '=' || setting, ' ' order by name) from pg_catalog.pg_settings where source "
    "in "
    "('session', 'client', 'interactive') and setting is distinct from reset_val and name not in "
    "('application_name', 'transaction_read_only', "
    "'transaction_isolation', 'transaction_deferrable')),"
    " nullif(pg_catalog.current_setting('custom.thing', true), ''), current_user, session_user,"
    " (select string_agg(name || ':' || case when from_sql then '' else statement end || ':' || "
    "parameter_types::pg_catalog.text, ' ' order by name)"
    "  from pg_catalog.pg_prepared_statements),"
    " (select string_agg(c, ' ' order by c) from pg_catalog.pg_listening_channels() c),"
    " (select string_agg(name, ' ' order by name) from pg_catalog.pg_cursors where is_holdable),"
    " (select string_agg(relname, ' ' order by relname) from pg_catalog.pg_class"
    "  where relnamespace = pg_catalog.pg_my_temp_schema()),"
    " (select string_agg(objid::pg_catalog.text || mode, ' ' order by objid, mode) from pg_catalog.pg_locks"
    "  where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid()))";

class Session {
public:
    explicit Session(const std::string& conninfo) : conn(PQconnectdb(conninfo.c_str())) {
        if (PQstatus(conn) != CONNECTION_OK) {
            fprintf(stderr, "%s", PQerrorMessage(conn));
            exit(1);
        }
        PQsetNoticeReceiver(
            conn,
            [](void* self, const PGresult* notice) {
                const char* words = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
                static_cast<Session*>(self)->noticed += std::string(" notice:") + (words ? words : "");
            },
            this);
    }
    ~Session() { PQfinish(conn); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Returns why the connection is lost; "" if it is not.
    std::string loss() const { return PQstatus(conn) == CONNECTION_BAD ? PQerrorMessage(conn) : ""; }
    std::string exec(const std::string& sql) {
        std::string first = take(PQexec(conn, sql.c_str()));
        return first + results();
    }
    // Describes the result, and ends a COPY that it begins.
    std::string take(PGresult* result) {
        Result owner = owned(result);
        std::string text = described(result);
        if (PQresultStatus(result) == PGRES_COPY_IN)
            PQputCopyEnd(conn, nullptr);
        if (PQresultStatus(result) == PGRES_COPY_OUT)
            for (char* row = nullptr; PQgetCopyData(conn, &row, 0) > 0; PQfreemem(row))
                text += row;
        return text;
    }
    // Returns the remaining results of a query.
    std::string results() {
        std::string text;
        while (PGresult* result = PQgetResult(conn))
            text += " / " + take(result);
        return text;
    }
    std::string results_to_sync() {
        std::string text;
        for (int nulls = 0; nulls < 2;) {
            PGresult* result = PQgetResult(conn);
            nulls = result ? 0 : nulls + 1;
            bool is_sync = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
            text += " / " + take(result);
            if (is_sync)
                return text;
        }
        return text + loss();
    }
    // Returns what libpq knows without a word to the server.
    std::string known() const {
        std::string text = std::to_string(PQtransactionStatus(conn)) + " " + std::to_string(PQstatus(conn)) +
                           " " + std::to_string(PQpipelineStatus(conn)) + " " +
                           std::to_string(PQclientEncoding(conn));
        for (const char* name : {"client_encoding", "DateStyle", "IntervalStyle", "TimeZone", "is_superuser",
                                 "session_authorization", "standard_conforming_strings", "integer_datetimes",
                                 "default_transaction_read_only"}) {
            const char* value = PQparameterStatus(conn, name);
            text += std::string(" ") + name + "=" + (value ? value : "");
        }
        return text;
    }
    // Returns what a query says, and the notices up to there. How many have come without a round trip is a matter of time.
    std::string look() { return exec(visible) + std::exchange(noticed, {}); }

    PGconn* conn;
    std::string noticed;
};

// Changes the tag if this session is the one that is swept.
using Break = std::function<void()>;

struct Step {
    std::string text;
    std::function<std::string(Session&, const Break&)> run;
    bool keeps_unnamed = false; // to look at the session would end what this step leaves
};

class Generator {
public:
    explicit Generator(unsigned seed) : random_(seed) {}

    bool chance(unsigned one_of) { return statements_.chance(one_of); }

    Step step() {
        switch (random_() % 14) {
        case 0:
            return prepare();
        case 1:
        case 2:
            return execute_prepared();
        case 3:
        case 4:
            return params();
        case 5:
            return pipeline();
        case 6:
            return async();
        case 7:
            return chance(3) ? encoding() : exec(statements_.text());
        case 8:
            return exec("rollback");
        default:
            return exec(statements_.text());
        }
    }

private:
    static Step exec(const std::string& sql) {
        return {"exec " + sql, [sql](Session& s, const Break&) { return s.exec(sql); }};
    }

    static std::string described(const Query& query) {
        std::string text = query.sql;
        for (const std::string& value : query.values)
            text += " | " + (query.is_binary ? "binary" : value);
        return text;
    }
    struct Values {
        explicit Values(const Query& query) {
            for (const std::string& value : query.values) {
                values.push_back(value.c_str());
                lengths.push_back(static_cast<int>(value.size()));
                formats.push_back(query.is_binary);
            }
            count = static_cast<int>(values.size());
        }
        std::vector<const char*> values;
        std::vector<int> lengths, formats;
        int count = 0;
    };
    static int send(PGconn* conn, const Query& query) {
        Values v(query);
        return PQsendQueryParams(conn, query.sql.c_str(), v.count, nullptr, v.values.data(), v.lengths.data(),
                                 v.formats.data(), 0);
    }

    Step params() {
        Query q = statements_.query();
        return {"params " + described(q), [q](Session& s, const Break&) {
                    Values v(q);
                    std::string first =
                        s.take(PQexecParams(s.conn, q.sql.c_str(), v.count, nullptr, v.values.data(),
                                            v.lengths.data(), v.formats.data(), 0));
                    return first + s.results();
                }};
    }

    std::string statement_name() { return statements_.line_of("\np\nq\nOne\n"); }

    Step prepare() {
        Query q = statements_.query();
        std::string name = statement_name();
        prepared_[name] = q;
        return {"prepare '" + name + "' " + described(q),
                [q, name](Session& s, const Break&) {
                    return s.take(PQprepare(s.conn, name.c_str(), q.sql.c_str(), 0, nullptr));
                },
                name.empty()};
    }
    Step execute_prepared() {
        std::string name = statement_name();
        Query q = prepared_[name];
        bool describes = chance(6);
        return {(describes ? "describe '" : "execute '") + name + "' " + described(q),
                [q, name, describes](Session& s, const Break&) {
                    if (describes)
                        return s.take(PQdescribePrepared(s.conn, name.c_str()));
                    Values v(q);
                    std::string first = s.take(PQexecPrepared(s.conn, name.c_str(), v.count, v.values.data(),
                                                              v.lengths.data(), v.formats.data(), 0));
                    return first + s.results();
                },
                name.empty()};
    }

    Step encoding() {
        std::string name = statements_.line_of("LATIN1\nUTF8\nSJIS\nnonsense\n");
        return {"encoding " + name, [name](Session& s, const Break&) {
                    return std::to_string(PQsetClientEncoding(s.conn, name.c_str()));
                }};
    }

    Step async() {
        std::string sql = statements_.text();
        bool is_row_by_row = chance(3), breaks = chance(10), reads_one = chance(4), consumes = chance(2);
        return {std::string("send ") + (is_row_by_row ? "row by row " : "") + (breaks ? "(tag) " : "") +
                    (reads_one ? "read one " : "") + sql,
                [=](Session& s, const Break& change) {
                    std::string text = std::to_string(PQsendQuery(s.conn, sql.c_str()));
                    if (text == "0")
                        return text + " " + PQerrorMessage(s.conn);
                    if (is_row_by_row)
                        PQsetSingleRowMode(s.conn);
                    if (consumes)
                        PQconsumeInput(s.conn);
                    if (breaks)
                        change();
                    text += s.take(PQgetResult(s.conn));
                    return reads_one ? text : text + s.results();
                }};
    }

    Step pipeline() {
        struct Part {
            Query query;
            bool prepares, flushes, syncs, breaks;
            std::string name;
        };
        std::vector<Part> parts;
        std::string text = "pipeline";
        for (unsigned i = 0, n = 1 + random_() % 4; i < n; i++) {
            Part part{statements_.query(), chance(4), chance(3),
                      chance(4),           chance(8), statements_.line_of("p\nq\nOne\n")};
            if (part.query.sql.find("copy") != std::string::npos)
                part.query.sql = "select 1";
            if (part.prepares)
                prepared_[part.name] = part.query;
            text += std::string("\n    ") + (part.breaks ? "(tag) " : "") +
                    (part.prepares ? "prepare '" + part.name + "' " : "") + described(part.query) +
                    (part.flushes ? " flush" : "") + (part.syncs ? " sync" : "");
            parts.push_back(std::move(part));
        }
        return {text, [parts](Session& s, const Break& change) {
                    std::string seen = std::to_string(PQenterPipelineMode(s.conn));
                    if (seen == "0")
                        return seen;
                    for (const Part& part : parts) {
                        if (part.breaks)
                            change();
                        if (part.prepares)
                            seen += std::to_string(
                                PQsendPrepare(s.conn, part.name.c_str(), part.query.sql.c_str(), 0, nullptr));
                        else
                            seen += std::to_string(send(s.conn, part.query));
                        if (part.flushes) {
                            PQsendFlushRequest(s.conn);
                            PQflush(s.conn);
                            seen += s.results();
                        }
                        if (part.syncs) {
                            PQpipelineSync(s.conn);
                            seen += s.results_to_sync();
                        }
                    }
                    PQpipelineSync(s.conn);
                    seen += s.results_to_sync();
                    seen += std::to_string(PQexitPipelineMode(s.conn));
                    return seen;
                }};
    }

    std::mt19937 random_;
    RandomStatements statements_{random_};
    std::map<std::string, Query> prepared_;
};

void make_databases(Session& admin) {
    admin.exec("create role someone");
    for (const char* database : {"swept", "control"}) {
        admin.exec(std::string("create database ") + database);
        Session session(std::string("dbname=") + database);
        for (const char* statement : world)
            session.exec(statement);
    }
}

void drop_databases(Session& admin) {
    for (const char* database : {"swept", "control"})
        admin.exec(std::string("drop database ") + database + " with (force)");
    admin.exec("drop role someone");
}

// Returns why the session was not restored; "" if it was.
std::string reason_in(const std::string& seen) {
    auto has = [&](const char* words) { return seen.find(words) != std::string::npos; };
    if (!has("57P01") && (!has("pqsweep") || has("pqsweep closed the connection"))) {
        for (const char* words : {"server closed the connection unexpectedly", "no connection to the server"})
            if (has(words))
                return words;
        return "";
    }
    for (const char* words :
         {"transaction open", "temporary table", "advisory lock", "cursor WITH HOLD", "listened",
          "not known for certain", "running", "results", "pipeline", "COPY", "could not bring it back"})
        if (has(words))
            return words;
    return "unsaid";
}

// Returns whether the control session has what the swept one reports as not restorable.
bool is_true(const std::string& reason, Session& control, PGTransactionStatusType before,
             const std::string& history) {
    auto has = [&](const char* sql) {
        return described(owned(PQexec(control.conn, sql)).get()).ends_with(" t");
    };
    if (reason == "unsaid")
        return false;
    // libpq reads nothing for a pipeline that has failed.
    if (reason.starts_with("no connection"))
        return history.find("pipeline") != history.npos;
    // libpq might have read a part of a message before the tag changed.
    if (reason.starts_with("server closed"))
        return history.find("    (tag)") != history.npos || history.find("send ") != history.npos;
    if (reason == "transaction open")
        return before != PQTRANS_IDLE || history.find("pipeline") != std::string::npos;
    if (before != PQTRANS_IDLE || PQtransactionStatus(control.conn) != PQTRANS_IDLE)
        return true; // the statement that found out has changed what can be seen
    if (reason == "temporary table")
        return has("select exists(select from pg_catalog.pg_class where relpersistence = 't')") ||
               history.find("pg_temp") != std::string::npos || history.find("drop") != std::string::npos ||
               history.find("discard") != std::string::npos;
    if (reason == "listened")
        return has("select exists(select from pg_catalog.pg_listening_channels())") ||
               history.find("unlisten") != std::string::npos || history.find("discard") != std::string::npos;
    return true;
}

// Two sessions that go the same way, until the swept one can't be restored.
struct Pair {
    Session swept{"dbname=swept application_name=swept"};
    Session control{"dbname=control application_name=control"};
};

struct Outcome {
    std::string history, difference;
    std::map<std::string, unsigned> reasons;
};

Outcome run(unsigned seed, unsigned& tag) {
    Outcome outcome;
    Generator generator(seed);
    auto change = [&] { setenv("PQSWEEP_TAG", std::to_string(++tag).c_str(), 1); };
    std::optional<Pair> pair(std::in_place);
    for (int steps = 30; steps; steps--) {
        auto& [swept, control] = *pair;
        bool breaks = generator.chance(3);
        Step step = generator.step();
        outcome.history += (breaks ? "(tag) " : "") + step.text + "\n";
        if (breaks)
            change();
        PGTransactionStatusType before = PQtransactionStatus(control.conn);
        std::string wanted = step.run(control, [] {});
        if (wanted.find("unnamed prepared statement does not exist") != std::string::npos)
            return outcome; // a revival leaves one of its own
        std::string got = step.run(swept, change);
        bool can_look = !step.keeps_unnamed && PQtransactionStatus(control.conn) == PQTRANS_IDLE;
        auto look = [&](Session& s) { return "\n" + s.known() + (can_look ? "\n" + s.look() : ""); };
        if (reason_in(got + swept.loss()).empty()) {
            wanted += look(control);
            got += look(swept); // finds out if what was under way has gone well, and its session is lost
        }
        std::string reason = reason_in(got + swept.loss());
        if (!reason.empty()) {
            outcome.reasons[reason]++;
            if (!is_true(reason, control, before, outcome.history)) {
                outcome.difference = "untrue: " + got;
                return outcome;
            }
            pair.emplace();
            for (Session* s : {&pair->swept, &pair->control}) // to one of them, the last step was not done
                s->exec("set client_min_messages = error; " + std::string(world_again) +
                        "; reset client_min_messages");
            outcome.history += "(new sessions)\n";
            continue;
        }
        if (got != wanted) {
            outcome.difference = "wanted: " + wanted + "\ngot: " + got;
            return outcome;
        }
    }
    return outcome;
}

} // namespace

int main(int argc, char** argv) {
    unsigned programs = argc > 1 ? static_cast<unsigned>(atoi(argv[1])) : 100;
    unsigned first = argc > 2 ? static_cast<unsigned>(atoi(argv[2])) : 1;
    setenv("PQSWEEP_KEEP", "app=control", 1);
    setenv("PQSWEEP_GRACE", "0", 1);
    setenv("PQSWEEP_REPORT", "never", 1);
    Session admin("");
    make_databases(admin);
    std::map<std::string, unsigned> reasons;
    unsigned differences = 0, tag = 0;
    setenv("PQSWEEP_TAG", "0", 1);
    for (unsigned seed = first; seed < first + programs; seed++) {
        Outcome outcome = run(seed, tag);
        if (!outcome.difference.empty()) {
            differences++;
            printf("seed %u\n%s%s\n\n", seed, outcome.history.c_str(), outcome.difference.c_str());
        }
        for (const auto& [reason, count] : outcome.reasons)
            reasons[reason] += count;
    }
    for (const auto& [reason, count] : reasons)
        printf("%6u not restored: %s\n", count, reason.c_str());
    printf("%u programs from seed %u, %u tags, %u differences\n", programs, first, tag, differences);
    unsetenv("PQSWEEP_TAG");
    drop_databases(admin);
    return differences > 0;
}
