"""Invoices: every tenant has its own numbers, and so its own engine."""

import pytest
from sqlalchemy import create_engine, text

BOOKS = 1494    # the advisory lock of whoever closes the books; stocktaking uses it, too

TENANTS = ["amsterdam", "berlin", "cairo", "dakar", "essen", "florence", "geneva", "hanoi", "izmir", "jena"]

engines = {}


@pytest.fixture
def tenant(url):
    def tenant(name):
        if name not in engines:
            engines[name] = create_engine(url.update_query_dict({"application_name": name}))
            with engines[name].begin() as connection:
                connection.execute(text(f"""
                    create table {name} (
                        number int primary key, month date not null, closed bool not null default false,
                        net numeric(10, 2) not null, vat int not null,
                        gross numeric(10, 2) generated always as (net + net * vat / 100) stored)
                """))
        return engines[name]
    return tenant


def invoice(connection, name, net="100", vat=19, month="2024-05-01"):
    return connection.execute(text(f"""
        insert into {name} (number, net, vat, month)
        select coalesce(max(number), 0) + 1, :net, :vat, :month from {name} returning number, gross
    """), {"net": net, "vat": vat, "month": month}).one()


@pytest.mark.parametrize("name", TENANTS)
def test_numbers_have_no_gaps(tenant, name):
    with tenant(name).begin() as connection:
        numbers = [invoice(connection, name).number for _ in range(20)]
        assert numbers == list(range(numbers[0], numbers[0] + 20))


@pytest.mark.parametrize("name", TENANTS[:4])
def test_rollback_leaves_no_gap(tenant, name):
    with tenant(name).connect() as connection:
        with connection.begin() as transaction:
            number = invoice(connection, name).number
            transaction.rollback()
        with connection.begin():
            assert invoice(connection, name).number == number


@pytest.mark.parametrize(("net", "vat", "gross"), [
    ("100", 0, "100.00"), ("100", 19, "119.00"), ("0.01", 19, "0.01"), ("0.03", 19, "0.04"),
    ("19.99", 7, "21.39"), ("99999.99", 25, "124999.99"),
])
def test_value_added_tax(tenant, net, vat, gross):
    with tenant("berlin").begin() as connection:
        assert str(invoice(connection, "berlin", net, vat).gross) == gross


@pytest.mark.parametrize("name", ["cairo", "dakar"])
def test_month_is_summed_up(tenant, name):
    with tenant(name).begin() as connection:
        for net in ("10", "20", "30.50"):
            invoice(connection, name, net, month="2023-01-01")
        query = text(f"select sum(net) from {name} where month = '2023-01-01'")
        assert str(connection.scalar(query)) == "60.50"


def test_month_is_closed(tenant):
    with tenant("essen").begin() as connection:
        connection.execute(text("set local lock_timeout = '500ms'"))
        connection.execute(text("select pg_advisory_xact_lock(:books)"), {"books": BOOKS})
        invoice(connection, "essen", month="2024-04-01")
        closed = connection.execute(text("update essen set closed = true where month = '2024-04-01'"))
        assert closed.rowcount == 1
