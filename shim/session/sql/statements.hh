// Commands: each function reads the rest of a statement, from its first word on, and reports what it does.
#pragma once

#include "shim/session/sql/reader.hh"

namespace pqsweep::commands {

// Dispatches on the statement's first word.
void any(Reader& reader);

// Reads any command that has no function here, or a part of one that has: what expressions, queries and EXECUTE do.
void other(Reader& reader);

// Reads the same with a query in it, which begins with a function as a SELECT does.
void query(Reader& reader);

void select(Reader& reader); // VALUES, too

void begin(Reader& reader);
void start(Reader& reader);
void commit(Reader& reader);
void rollback(Reader& reader);
void savepoint(Reader& reader);
void release(Reader& reader);

void listen(Reader& reader);
void unlisten(Reader& reader);
void prepare(Reader& reader);
void prepared(Reader& reader); // a PREPARE, for what it does when it is executed
void explain(Reader& reader);
void deallocate(Reader& reader);
void declare(Reader& reader);
void close(Reader& reader);
void load(Reader& reader);
void discard(Reader& reader);

// command_set.cc
void set(Reader& reader);
void reset(Reader& reader);

// command_create.cc: temporary tables, views and sequences
void create(Reader& reader);
void create_replication_slot(Reader& reader);
void drop(Reader& reader);
void alter(Reader& reader);
void into(Reader& reader); // of a SELECT; no first word

// command_do.cc
void do_block(Reader& reader);
void call(Reader& reader);

} // namespace pqsweep::commands
