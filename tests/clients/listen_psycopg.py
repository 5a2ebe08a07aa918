"""psycopg 3 with asyncio: a task that awaits notifications, beside one that changes the tag."""
import asyncio
import os
import sys

import psycopg


async def consume(connection):
    try:
        async for notification in connection.notifies():
            print("heard", notification.payload, flush=True)
    except psycopg.Error as error:
        print(type(error).__name__, str(error).splitlines()[0], flush=True)


async def main():
    os.environ["PQSWEEP_TAG"] = "one"
    listener = await psycopg.AsyncConnection.connect("", autocommit=True)
    listener.add_notice_handler(lambda notice: print(notice.message_primary, file=sys.stderr))
    await listener.execute("listen news")
    consumer = asyncio.create_task(consume(listener))
    print("listening", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    os.environ["PQSWEEP_TAG"] = "two"
    await consumer


asyncio.run(main())
