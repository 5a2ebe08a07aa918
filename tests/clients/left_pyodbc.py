import os
import sys

import pyodbc


def use(connection):
    try:
        return connection.execute("select 42").fetchone()[0]
    except pyodbc.Error as error:
        return f"{type(error).__name__} {error.args[0]} {error.args[1].splitlines()[0]}"


pyodbc.pooling = False
idle, transaction, closed = (pyodbc.connect("Driver=PostgreSQL Unicode") for _ in range(3))
idle.autocommit = True
use(transaction)
closed.close()
print("open", idle.getinfo(pyodbc.SQL_DRIVER_VER), flush=True)

if tag := sys.stdin.readline().strip():
    os.environ["PQSWEEP_TAG"] = tag
print("changed", flush=True)

sys.stdin.readline()
print("idle:", use(idle))
print("transaction:", use(transaction))
