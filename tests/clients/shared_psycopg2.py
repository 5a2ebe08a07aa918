"""psycopg2: a pool, and a session with its own encoding, isolation level and types."""
import itertools
import os

import psycopg2
import psycopg2.extras
import psycopg2.pool

numbers = itertools.count()


def change_tag():
    os.environ["PQSWEEP_TAG"] = str(next(numbers))


def ask(connection, sql, *values):
    change_tag()
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        print(cursor.fetchall() if cursor.description else cursor.statusmessage)


change_tag()
pool = psycopg2.pool.ThreadedConnectionPool(2, 4, "")
for i in range(10):
    connection = pool.getconn()
    connection.autocommit = i % 2 == 0
    ask(connection, "select %s", i)
    connection.commit()
    pool.putconn(connection)

session = psycopg2.connect("options='-c statement_timeout=12345'")
session.autocommit = True
ask(session, "create extension if not exists hstore")
psycopg2.extras.register_hstore(session)
session.set_client_encoding("LATIN1")
session.set_session(isolation_level="REPEATABLE READ", readonly=True)
ask(session, "select 'a=>1'::hstore, 'é'")
ask(session, "set application_name = 'mine'")
ask(session, "set datestyle to 'German, DMY'")
ask(session, "set my.variable = 'it''s mine'")
for name in ("application_name", "datestyle", "my.variable", "client_encoding", "statement_timeout",
             "transaction_isolation", "default_transaction_read_only"):
    ask(session, f"show {name}")
print(session.encoding, session.status, session.closed)
session.set_session(readonly=False)
ask(session, "listen news")
ask(session, "notify news, 'extra'")
ask(session, "select 1")
session.poll()
print([(n.channel, n.payload) for n in session.notifies])
session.autocommit = False
with session, session.cursor() as cursor:
    cursor.execute("select 2")
    print(cursor.fetchone())
change_tag()
with session.cursor("named", withhold=False) as cursor:
    cursor.execute("select generate_series(1, 5)")
    print(cursor.fetchall())
session.rollback()
