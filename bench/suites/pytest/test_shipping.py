"""Shipping. These tests close what they open; when they fail it is somebody else's doing."""

from contextlib import closing

import psycopg2
import pytest

RATES = {"letter": (0, 500, 110), "parcel": (501, 5_000, 549), "freight": (5_001, 30_000, 1999)}


@pytest.fixture(scope="module", autouse=True)
def rates(dsn):
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("create table rate (kind text primary key, grams int4range, cents int)")
        for kind, rate in RATES.items():
            cursor.execute("insert into rate values (%s, int4range(%s, %s, '[]'), %s)", [kind, *rate])


@pytest.fixture
def cursor(dsn):
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize(("grams", "kind"), [
    (0, "letter"), (1, "letter"), (500, "letter"), (501, "parcel"), (4_999, "parcel"), (5_000, "parcel"),
    (5_001, "freight"), (30_000, "freight"),
])
def test_kind_by_weight(cursor, grams, kind):
    cursor.execute("select kind from rate where grams @> %s", [grams])
    assert cursor.fetchall() == [(kind,)]


@pytest.mark.parametrize("grams", [-1, 30_001])
def test_no_rate(cursor, grams):
    cursor.execute("select kind from rate where grams @> %s", [grams])
    assert cursor.fetchall() == []


@pytest.mark.parametrize("kind", RATES)
def test_rate(cursor, kind):
    cursor.execute("select cents from rate where kind = %s", [kind])
    assert cursor.fetchone() == (RATES[kind][2],)


def test_rates_do_not_overlap(cursor):
    cursor.execute("select count(*) from rate a join rate b on a.kind < b.kind and a.grams && b.grams")
    assert cursor.fetchone() == (0,)


def test_change_is_taken_back(cursor):
    cursor.execute("update rate set cents = 0")
    cursor.connection.rollback()
    cursor.execute("select min(cents) from rate")
    assert cursor.fetchone() == (110,)
