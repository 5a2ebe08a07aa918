"""A suite whose fixtures outlive its modules: one transaction around all tests, a worker's thread, a listener. At the end the
tables are dropped, which waits for whatever a test has left in a transaction."""

import queue
import select
import threading
from contextlib import closing

import psycopg2
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine
from sqlalchemy.pool import NullPool

metadata = MetaData()
item = Table("item", metadata, Column("id", Integer, primary_key=True), Column("name", Text))
job = Table("job", metadata, Column("id", Integer, primary_key=True), Column("done_by", Text))


@pytest.fixture(scope="session")
def tables():
    # Without the time-out, drop_all would wait for ever.
    engine = create_engine("postgresql+psycopg2://", poolclass=NullPool,
                           connect_args={"options": "-clock_timeout=3s"})
    metadata.create_all(engine)
    yield
    metadata.drop_all(engine)


@pytest.fixture(scope="session")
def outer(tables):
    with closing(psycopg2.connect("")) as connection:
        with connection.cursor() as cursor:
            cursor.execute("insert into item values (1, 'seed')")
        yield connection
        connection.rollback()


@pytest.fixture
def db(outer):
    with outer.cursor() as cursor:
        cursor.execute("savepoint test")
        yield cursor
        cursor.execute("rollback to savepoint test")


@pytest.fixture(scope="session")
def worker(tables):
    """Returns a function that has the thread do a job."""
    jobs, done = queue.Queue(), queue.Queue()

    def work():
        with closing(psycopg2.connect("")) as connection:
            for number in iter(jobs.get, None):
                with connection, connection.cursor() as cursor:
                    cursor.execute("insert into job values (%s, 'worker') returning done_by", [number])
                    done.put(cursor.fetchone()[0])

    def do(number):
        jobs.put(number)
        return done.get(timeout=30)

    thread = threading.Thread(target=work)
    thread.start()
    yield do
    jobs.put(None)
    thread.join()


@pytest.fixture(scope="session")
def heard():
    """Returns a function that waits for a notification."""
    with closing(psycopg2.connect("")) as connection:
        connection.autocommit = True
        connection.cursor().execute("listen news")

        def hear():
            while not connection.notifies:
                select.select([connection], [], [], 30)
                connection.poll()
            return connection.notifies.pop(0).payload

        yield hear
