"""Payments: a card terminal authorises an amount first and captures it later, if ever."""

import psycopg2
import pytest
from psycopg2.extensions import ISOLATION_LEVEL_SERIALIZABLE

TERMINALS = range(1, 12)


class Terminal:
    switched_on = {}

    def __new__(cls, dsn, number):
        if number not in cls.switched_on:
            terminal = super().__new__(cls)
            terminal.number = number
            terminal.connection = psycopg2.connect(dsn)
            terminal.connection.set_session(isolation_level=ISOLATION_LEVEL_SERIALIZABLE)
            cls.switched_on[number] = terminal
        return cls.switched_on[number]

    def run(self, query, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchall() if cursor.description else None

    def authorise(self, cents):
        self.connection.rollback()
        self.run("insert into payment (terminal, cents) values (%s, %s)", self.number, cents)

    def captured(self):
        self.connection.commit()
        return self.run("select sum(cents) from payment where terminal = %s", self.number)[0][0]


@pytest.fixture(scope="module", autouse=True)
def payments(dsn):
    terminal = Terminal(dsn, 1)
    terminal.run("create table payment (id serial, terminal int, cents int check (cents <> 0))")
    terminal.connection.commit()


@pytest.mark.parametrize("number", TERMINALS)
def test_authorised_amount_is_not_public(dsn, number):
    Terminal(dsn, number).authorise(500)
    query = "select count(*) from payment where terminal = %s and cents = 500"
    assert Terminal(dsn, number % 2 + 1).run(query, number) == [(int(number == number % 2 + 1),)]


@pytest.mark.parametrize("number", [3, 4, 8])
def test_capture(dsn, number):
    terminal = Terminal(dsn, number)
    before = terminal.captured() or 0
    terminal.authorise(700)
    assert terminal.captured() == before + 700


@pytest.mark.parametrize(("number", "cents"), [(5, -100), (6, -1)])
def test_refund(dsn, number, cents):
    terminal = Terminal(dsn, number)
    before = terminal.captured() or 0
    terminal.authorise(cents)
    assert terminal.captured() == before + cents


def test_nothing_is_no_payment(dsn):
    with pytest.raises(psycopg2.errors.CheckViolation):
        Terminal(dsn, 9).authorise(0)
