"""psycopg 3 with asyncio: connections made and used side by side, while the tag changes before every statement."""
import asyncio
import itertools
import os

import psycopg

numbers = itertools.count()


def change_tag():
    os.environ["PQSWEEP_TAG"] = str(next(numbers))


async def ask(connection, sql, *values):
    change_tag()
    cursor = await connection.execute(sql, values)
    return await cursor.fetchall()


async def main():
    change_tag()
    connections = await asyncio.gather(*[psycopg.AsyncConnection.connect("", autocommit=True) for _ in range(5)])
    for i in range(5):
        print([await ask(connection, "select %s::int", i) for connection in connections])
    await ask(connections[0], "select set_config('my.variable', 'mine', false)")
    print(await ask(connections[0], "show my.variable"))
    change_tag()
    async with connections[1].pipeline():
        cursors = [await connections[1].execute("select %s::int", [i]) for i in range(3)]
    print([await cursor.fetchone() for cursor in cursors])
    change_tag()
    async with connections[2].transaction(), connections[2].cursor() as cursor:
        await cursor.execute("select generate_series(1, 3)")
        print(await cursor.fetchall())
    change_tag()
    async with connections[3].cursor().copy("copy (select generate_series(1, 3)) to stdout") as copy:
        print([row async for row in copy.rows()])
    change_tag()
    print(await asyncio.gather(*[c.execute("select 1") for c in connections]) and "together")
    for connection in connections:
        await connection.close()


asyncio.run(main())
