"""psycopg2 and os.fork: a child with a connection of its own, then one that uses its parent's."""
import os

import psycopg2

os.environ["PQSWEEP_TAG"] = "parent"
parents = psycopg2.connect("")
parents.autocommit = True


def ask(connection, sql):
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        return cursor.fetchone()[0]
    except psycopg2.Error as error:
        return str(error).partition(": pqsweep")[0]


def in_child(work):
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    os.waitpid(child, 0)


def with_its_own():
    own = psycopg2.connect("")
    print(ask(own, "select 'child: its own'"), flush=True)
    os.environ["PQSWEEP_TAG"] = "child"
    print("child:", ask(own, "select 'not swept'"), flush=True)


in_child(with_its_own)
in_child(lambda: print(ask(parents, "select 'child: its parent''s'"), flush=True))
print(ask(parents, "select 'parent: its own'"))
