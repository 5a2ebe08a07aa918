"""What the modules share: where the database is, a schema for each module to be alone in, and engines."""

import os
import pathlib
import re
from contextlib import closing

import psycopg2
import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL


def resident():
    return int(re.search(r"^Rss: +(\d+) kB$", pathlib.Path("/proc/self/smaps_rollup").read_text(), re.MULTILINE)[1])


@pytest.fixture(scope="session", autouse=True)
def memory(record_testsuite_property):
    before = resident()
    yield
    record_testsuite_property("memory growth", resident() - before)


@pytest.fixture(scope="module")
def schema(request, record_testsuite_property):
    name = request.module.__name__.removeprefix("test_")
    with closing(psycopg2.connect("")) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"drop schema if exists {name} cascade; create schema {name}")
        cursor.execute("""select count(*) from pg_stat_activity where backend_type = 'client backend'
                          and pid <> pg_backend_pid() and application_name <> 'observer'""")
        record_testsuite_property(f"backends before {name}", cursor.fetchone()[0])
    return name


@pytest.fixture(scope="module")
def dsn(schema):
    """For psycopg2.connect(); the rest comes from PGHOST and its kin."""
    return f"options=-csearch_path={schema}"


@pytest.fixture(scope="module")
def url(schema):
    """For create_engine()."""
    return URL.create("postgresql+psycopg2", query={"options": f"-csearch_path={schema}"})


@pytest.fixture(scope="session")
def shared_engine():
    # Without a limit, for what tests check out does not all come back.
    engine = create_engine("postgresql+psycopg2://", pool_size=20, max_overflow=-1)
    event.listen(engine, "engine_connect", enter_schema)
    return engine


def enter_schema(connection, _):
    with connection.connection.cursor() as cursor:
        cursor.execute(f"set search_path to {connection.get_execution_options()['schema']}")
    connection.connection.commit()


@pytest.fixture(scope="module")
def engine(request, schema, url):
    """The module's own, or with SHARED_ENGINE=1 its view of the one whose pool all modules share."""
    if os.environ.get("SHARED_ENGINE") == "1":
        return request.getfixturevalue("shared_engine").execution_options(schema=schema)
    return create_engine(url, pool_size=10)
