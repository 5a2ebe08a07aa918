"""Browsing the catalogue page by page with server-side cursors."""

import psycopg2
import pytest

CATEGORIES = ["books", "garden", "kitchen", "music", "sports", "toys"]
PAGE = 25


class Browser:
    """Keeps its place in a category: the customer may come back for the next page."""

    everyone = {}

    def __init__(self, dsn, category):
        self.connection = psycopg2.connect(dsn)
        self.pages = self.connection.cursor(name=f"browse_{category}")
        self.pages.execute("select sku, cents from product where category = %s order by sku", [category])

    def next_page(self):
        return self.pages.fetchmany(PAGE)

    def count(self, condition, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(f"select count(*) from product where {condition}", parameters)
            return cursor.fetchone()[0]


@pytest.fixture(scope="module", autouse=True)
def products(dsn):
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("create table product (sku text primary key, category text, title text, cents int)")
        cursor.execute("""insert into product
                          select format('%%s-%%s', category, to_char(n, 'FM000000')), category,
                                 format('%%s no. %%s', initcap(category), n), n * 5
                          from unnest(%s) category, generate_series(1, 50000) n""", [CATEGORIES])
    connection.close()


@pytest.fixture
def browse(dsn):
    def browse(category):
        if category not in Browser.everyone:
            Browser.everyone[category] = Browser(dsn, category)
        return Browser.everyone[category]
    return browse


@pytest.mark.parametrize("category", CATEGORIES)
def test_page_is_full_and_sorted(browse, category):
    page = browse(category).next_page()
    assert len(page) == PAGE and page == sorted(page)


@pytest.mark.parametrize("category", CATEGORIES)
def test_pages_follow_each_other(browse, category):
    browser = browse(category)
    assert browser.next_page()[-1] < browser.next_page()[0]


@pytest.mark.parametrize(("low", "high", "count"), [
    (0, 4, 0), (5, 5, 6), (5, 50, 60), (1, 1000, 1200), (200_000, 250_000, 60_006), (250_001, 999_999, 0),
])
def test_price_filter(browse, low, high, count):
    assert browse("books").count("cents between %s and %s", low, high) == count


@pytest.mark.parametrize(("words", "count"), [
    ("Toys no. 7", 1), ("%no. 99", 6), ("Music%", 50_000), ("vinyl", 0),
])
def test_title_search(browse, words, count):
    assert browse("music").count("title like %s", words) == count
