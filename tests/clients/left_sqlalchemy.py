import os
import sys

import sqlalchemy as sa


def use(connection):
    try:
        return connection.execute(sa.text("select 42")).scalar()
    except sa.exc.DBAPIError as error:
        return f"{type(error).__name__} {error.orig.pgcode} {str(error.orig).splitlines()[0]}"


engine = sa.create_engine("postgresql+psycopg2://")
idle, transaction, closed = (engine.connect() for _ in range(3))
use(transaction)
idle.close()  # goes back to the pool
closed.invalidate()
print("open", sa.__version__, flush=True)

if tag := sys.stdin.readline().strip():
    os.environ["PQSWEEP_TAG"] = tag
print("changed", flush=True)

sys.stdin.readline()
with engine.connect() as again:
    print("idle:", use(again))
print("transaction:", use(transaction))
