"""One connection from before any test, which the modules share, and one that each test leaks."""
import os

import psycopg2
import pytest

shared = psycopg2.connect("")
shared.autocommit = True
opened_by = os.getpid()
leaked = []


@pytest.fixture
def session():
    return shared


@pytest.fixture(params=["idle", "transaction"])
def leak(request):
    leaked.append(psycopg2.connect(""))
    leaked[-1].autocommit = request.param == "idle"
    return leaked[-1]


def pytest_unconfigure():
    if os.getpid() == opened_by:
        with shared.cursor() as cursor:
            cursor.execute("select 'the session lives'")
            print(cursor.fetchone()[0])
