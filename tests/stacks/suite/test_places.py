"""Opens connections in every way that has a user's line; a comment names the test that the line opens one for."""
import asyncio
import concurrent.futures
import contextlib
import threading

import psycopg
import psycopg2
import psycopg2.pool
import pytest
import sqlalchemy

opened = []


def test_psycopg2():
    opened.append(psycopg2.connect(""))    # for test_psycopg2


@pytest.fixture
def connection():
    with contextlib.closing(psycopg.connect("")) as it:    # for test_fixture
        yield it


def test_fixture(connection):
    connection.execute("select 1")


def test_pool():
    psycopg2.pool.SimpleConnectionPool(1, 1, "")    # for test_pool


def test_sqlalchemy():
    engine = sqlalchemy.create_engine("postgresql+psycopg2://")
    opened.append(engine.connect())    # for test_sqlalchemy


def test_asyncio():
    async def connect():
        opened.append(await psycopg.AsyncConnection.connect(""))    # for test_asyncio

    async def main():
        await asyncio.wait_for(asyncio.create_task(connect()), 60)

    asyncio.run(main())


def connect_in_thread():
    opened.append(psycopg2.connect(""))    # for test_thread


def test_thread():
    thread = threading.Thread(target=connect_in_thread)
    thread.start()
    thread.join()


def test_executor():
    with concurrent.futures.ThreadPoolExecutor() as executor:
        opened.append(executor.submit(lambda: psycopg2.connect("")).result())    # for test_executor
