"""What the modules share: where the database is, and a schema for each module to be alone in."""

from contextlib import closing

import psycopg2
import pytest
from sqlalchemy.engine import URL


@pytest.fixture(scope="module")
def schema(request):
    name = request.module.__name__.removeprefix("test_")
    with closing(psycopg2.connect("")) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"drop schema if exists {name} cascade; create schema {name}")
    return name


@pytest.fixture(scope="module")
def dsn(schema):
    """For psycopg2.connect(); the rest comes from PGHOST and its kin."""
    return f"options=-csearch_path={schema}"


@pytest.fixture(scope="module")
def url(schema):
    """For create_engine()."""
    return URL.create("postgresql+psycopg2", query={"options": f"-csearch_path={schema}"})
