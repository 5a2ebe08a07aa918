import os
import sys

import pg


def use(db):
    try:
        return db.query("select 42").onescalar()
    except pg.Error as error:
        return f"{type(error).__name__} {error.sqlstate} {str(error).splitlines()[0]}"


idle, transaction, closed = (pg.DB() for _ in range(3))
transaction.begin()
closed.close()
print("open", pg.version, flush=True)

if tag := sys.stdin.readline().strip():
    os.environ["PQSWEEP_TAG"] = tag
print("changed", flush=True)

sys.stdin.readline()
print("idle:", use(idle))
print("transaction:", use(transaction))
