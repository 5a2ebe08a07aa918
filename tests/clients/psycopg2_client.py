"""psycopg2: libpq comes in with a plugin, RTLD_LOCAL."""
import os
import sys

import psycopg2

os.environ["PQSWEEP_TAG"] = "one"
connections = {name: psycopg2.connect(os.environ["PQSWEEP_TEST_TLS"] if name == "tls" else "")
               for name in ("idle", "transaction", "tls")}
connections["idle"].autocommit = True
connections["transaction"].cursor().execute("select 1")
print("three are open", flush=True)

sys.stdin.readline()
os.environ["PQSWEEP_TAG"] = "two"
print("changed", flush=True)

for line in sys.stdin:
    connection = connections[line.strip()]
    try:
        connection.cursor().execute("select 1")
        print("no error", flush=True)
    except psycopg2.Error as error:
        message = str(error).splitlines()[0].partition(": pqsweep")[0]
        print(type(error).__name__, error.pgcode, message, bool(connection.closed), flush=True)
        connection.close()
