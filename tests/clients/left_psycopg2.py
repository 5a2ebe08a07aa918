import os
import sys

import psycopg2


def use(connection):
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 42")
            return cursor.fetchone()[0]
    except psycopg2.Error as error:
        return f"{type(error).__name__} {error.pgcode} {str(error).splitlines()[0]}"


idle, transaction, closed = (psycopg2.connect("") for _ in range(3))
idle.autocommit = True
use(transaction)
closed.close()
print("open", psycopg2.__version__.split()[0], flush=True)

if tag := sys.stdin.readline().strip():
    os.environ["PQSWEEP_TAG"] = tag
print("changed", flush=True)

sys.stdin.readline()
print("idle:", use(idle))
print("transaction:", use(transaction))
