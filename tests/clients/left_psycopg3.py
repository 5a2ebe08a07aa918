import os
import sys

import psycopg


def use(connection):
    try:
        return connection.execute("select 42").fetchone()[0]
    except psycopg.Error as error:
        return f"{type(error).__name__} {error.sqlstate} {str(error).splitlines()[0]}"


idle, transaction, closed = (psycopg.connect("") for _ in range(3))
idle.autocommit = True
use(transaction)
closed.close()
print("open", psycopg.__version__, flush=True)

if tag := sys.stdin.readline().strip():
    os.environ["PQSWEEP_TAG"] = tag
print("changed", flush=True)

sys.stdin.readline()
print("idle:", use(idle))
print("transaction:", use(transaction))
for connection in (idle, transaction):
    connection.close()
