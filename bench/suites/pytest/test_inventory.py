"""Stock: what one customer has reserved no other can buy."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

BOOKS = 1494    # the advisory lock of whoever closes the books; the invoices use it, too

ARTICLES = ["apples", "bread", "cheese", "dates", "eggs", "flour", "grapes"]


class Warehouse:
    engine = None
    reservations = {}    # article: the connection whose transaction holds it until somebody pays

    def reserve(self, article):
        if article not in self.reservations:
            connection = self.engine.connect()
            connection.begin()
            connection.execute(text("select from stock where article = :a for update"), {"a": article})
            self.reservations[article] = connection
        return self.reservations[article]

    def in_stock(self, article):
        query = text("select quantity from stock where article = :a")
        return self.reserve(article).scalar(query, {"a": article})


@pytest.fixture(scope="module")
def warehouse(engine):
    Warehouse.engine = engine
    with engine.begin() as connection:
        connection.execute(text("create table stock (article text primary key, quantity int)"))
        connection.execute(text("alter table stock add check (quantity >= 0)"))
        connection.execute(text("insert into stock select article, 100 from unnest(:articles) article"),
                           {"articles": ARTICLES})
    return Warehouse()


@pytest.mark.parametrize("article", ARTICLES)
def test_reserved_article_is_locked(warehouse, article):
    warehouse.reserve(article)
    query = text("select from stock where article = :a for update nowait")
    with warehouse.engine.connect() as somebody_else:
        with pytest.raises(OperationalError, match="could not obtain lock"):
            somebody_else.execute(query, {"a": article})


@pytest.mark.parametrize("article", ARTICLES)
def test_reserved_article_is_still_in_stock(warehouse, article):
    assert warehouse.in_stock(article) == 100


@pytest.mark.parametrize(("article", "taken"), [("apples", 1), ("bread", 99), ("cheese", 100)])
def test_sale_can_be_undone(warehouse, article, taken):
    connection = warehouse.reserve(article)
    sale = connection.begin_nested()
    connection.execute(text("update stock set quantity = quantity - :n where article = :a"),
                       {"n": taken, "a": article})
    assert warehouse.in_stock(article) == 100 - taken
    sale.rollback()
    assert warehouse.in_stock(article) == 100


@pytest.mark.parametrize("wanted", [101, 1_000])
def test_stock_never_goes_negative(warehouse, wanted):
    connection = warehouse.reserve("dates")
    sale = text("update stock set quantity = quantity - :n where article = 'dates'")
    with pytest.raises(IntegrityError, match="stock_quantity_check"), connection.begin_nested():
        connection.execute(sale, {"n": wanted})
    assert warehouse.in_stock("dates") == 100


def test_stocktaking_counts_what_is_not_reserved(warehouse):
    warehouse.reserve("apples")
    with warehouse.engine.connect() as connection:
        rows = connection.execute(text("select article from stock for update skip locked")).scalars().all()
    assert "apples" not in rows


def test_stocktaking_keeps_the_books_closed(warehouse):
    connection = warehouse.reserve("stocktaking")
    connection.execute(text("select pg_advisory_xact_lock(:books)"), {"books": BOOKS})
    assert connection.scalar(text("select count(*) from pg_locks where locktype = 'advisory'")) == 1
