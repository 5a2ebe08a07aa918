"""Coupons, which all customers want at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

CUSTOMERS = 10

shop = None


@pytest.fixture(scope="module", autouse=True)
def coupons(engine):
    global shop
    shop = engine
    with engine.begin() as connection:
        connection.execute(text("""
            create table coupon (code text primary key, remaining int not null, percent int not null,
                                 minimum int not null default 0, expires date not null default 'infinity')
        """))


def issue(code, **columns):
    columns = {"code": code, "remaining": 1, "percent": 10, **columns}
    names, values = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    with shop.begin() as connection:
        connection.execute(text(f"insert into coupon ({names}) values ({values})"), columns)


def redeem(connection, code, cents=10_000, today="2024-06-01"):
    """What is left to pay, or None when the coupon is not accepted."""
    return connection.execute(text("""
        update coupon set remaining = remaining - 1
        where code = :code and remaining > 0 and minimum <= :cents and expires >= cast(:today as date)
        returning :cents - :cents * percent / 100
    """), {"code": code, "cents": cents, "today": today}).scalar()


@pytest.mark.parametrize("remaining", [0, 1, 3, 9, 10, 25])
def test_rush(remaining):
    issue(f"RUSH{remaining}", remaining=remaining)
    start = Barrier(CUSTOMERS)

    def customer(_):
        with shop.begin() as connection:
            start.wait(timeout=10)
            return redeem(connection, f"RUSH{remaining}")

    with ThreadPoolExecutor(CUSTOMERS) as customers:
        accepted = [cents for cents in customers.map(customer, range(CUSTOMERS)) if cents is not None]
    assert len(accepted) == min(remaining, CUSTOMERS)


@pytest.mark.parametrize(("percent", "cents", "to_pay"), [
    (0, 1000, 1000), (10, 1000, 900), (15, 999, 850), (50, 1, 1), (99, 100, 1), (100, 4321, 0),
])
def test_discount(percent, cents, to_pay):
    issue(f"OFF{percent}", percent=percent)
    with shop.begin() as connection:
        assert redeem(connection, f"OFF{percent}", cents) == to_pay


@pytest.mark.parametrize(("today", "accepted"), [
    ("2024-01-01", True), ("2024-06-30", True), ("2024-07-01", False),
])
def test_expiry(today, accepted):
    issue(f"UNTIL{today}", expires="2024-06-30")
    with shop.begin() as connection:
        assert (redeem(connection, f"UNTIL{today}", today=today) is not None) == accepted


@pytest.mark.parametrize(("cents", "accepted"), [(4999, False), (5000, True), (5001, True)])
def test_minimum(cents, accepted):
    issue(f"OVER{cents}", minimum=5000)
    with shop.begin() as connection:
        assert (redeem(connection, f"OVER{cents}", cents) is not None) == accepted


def test_unknown_code():
    with shop.begin() as connection:
        assert redeem(connection, "SESAME") is None
