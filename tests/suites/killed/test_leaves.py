"""Leaves two connections of one test open."""

import psycopg2
import pytest

LEFT = []


@pytest.mark.parametrize("turn", range(2))
def test_leave(turn):
    LEFT.append(psycopg2.connect(""))


def test_transaction():
    LEFT.append(psycopg2.connect(""))
    LEFT[-1].cursor().execute("select 1")
