"""The customer directory behind its own little connection pool."""

from contextlib import contextmanager

import psycopg2
import pytest
from psycopg2.pool import ThreadedConnectionPool


class Directory:
    pool = None

    @classmethod
    def open(cls, dsn):
        cls.pool = ThreadedConnectionPool(10, 10, dsn)
        cls.run("create table customer (id serial primary key, name text, erased bool not null default false,"
                " email text unique check (email = lower(email) and email ~ '^[^@ ]+@[^@ ]+[.][a-z]+$'))")
        cls.run("insert into customer (name, email) select 'Customer ' || n, n || '@mass.example'"
                " from generate_series(1, 200000) n")

    @classmethod
    @contextmanager
    def connection(cls):
        connection = cls.pool.getconn()
        try:
            with connection:
                yield connection
        finally:
            cls.pool.putconn(connection)

    @classmethod
    def run(cls, query, *parameters):
        with cls.connection() as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchall() if cursor.description else None

    @classmethod
    def add(cls, name, email):
        query = "insert into customer (name, email) values (%s, lower(trim(%s))) returning id"
        return cls.run(query, name, email)[0][0]

    @classmethod
    def get(cls, number):
        return cls.run("select name, email, erased from customer where id = %s", number)[0]


@pytest.fixture(scope="module", autouse=True)
def directory(dsn):
    Directory.open(dsn)


@pytest.mark.parametrize(("typed", "stored"), [
    ("ada@shop.example", "ada@shop.example"), ("GRACE@SHOP.EXAMPLE", "grace@shop.example"),
    (" emmy@shop.example ", "emmy@shop.example"), ("j.von.n@shop.example", "j.von.n@shop.example"),
    ("o'hara@shop.example", "o'hara@shop.example"), ("zoë@shop.example", "zoë@shop.example"),
    ("a+b@shop.example", "a+b@shop.example"), ("x@y.z.example", "x@y.z.example"),
])
def test_address_is_normalised(typed, stored):
    assert Directory.get(Directory.add("Somebody", typed)) == ("Somebody", stored, False)


@pytest.mark.parametrize("email", ["", "@", "ada", "ada@", "@shop.example", "a da@shop.example", "ada@shop"])
def test_bad_address_is_refused(email):
    with pytest.raises(psycopg2.errors.CheckViolation):
        Directory.add("Nobody", email)


@pytest.mark.parametrize(("pattern", "count"), [
    ("Customer 7", 1), ("Customer 1234_", 10), ("Customer 199%", 1111), ("customer 7", 0), ("%", 200_000),
])
def test_search(pattern, count):
    query = "select count(*) from customer where name like %s and email like '%%@mass.example'"
    assert Directory.run(query, pattern) == [(count,)]


@pytest.mark.parametrize("email", ["twice@shop.example", "TWICE@shop.example", " twice@shop.example"])
def test_address_is_unique(email):
    Directory.run("delete from customer where email = 'twice@shop.example'")
    Directory.add("First", "twice@shop.example")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        Directory.add("Second", email)


@pytest.mark.parametrize("name", ["Robert'); drop table customer;--", "Zoë Ω", ""])
def test_erasure_leaves_the_number(name):
    number = Directory.add(name, f"{len(name)}@erased.example")
    Directory.run("update customer set name = null, email = null, erased = true where id = %s", number)
    assert Directory.get(number) == (None, None, True)
