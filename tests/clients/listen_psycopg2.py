"""psycopg2: a consumer that waits in select and then polls; its connection was made asynchronously."""
import os
import select
import sys
import threading

import psycopg2
from psycopg2.extras import wait_select


def consume(connection):
    try:
        while True:
            select.select([connection], [], [])
            connection.poll()
            while connection.notifies:
                print("heard", connection.notifies.pop().payload, flush=True)
    except psycopg2.Error as error:
        print(type(error).__name__, str(error).splitlines()[0], flush=True)


os.environ["PQSWEEP_TAG"] = "one"
listener = psycopg2.connect("", async_=1)
wait_select(listener)
cursor = listener.cursor()
cursor.execute("listen news")
wait_select(listener)
consumer = threading.Thread(target=consume, args=[listener])
consumer.start()
print("listening", flush=True)
sys.stdin.readline()
os.environ["PQSWEEP_TAG"] = "two"
consumer.join()
