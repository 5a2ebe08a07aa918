"""Reports over a year of sales, streamed row by row."""

import itertools

import pytest
from sqlalchemy import text

REGIONS = ["north", "east", "south", "west", "islands", "export"]
ROWS = 600_000


@pytest.fixture(scope="module")
def report(engine):
    with engine.begin() as connection:
        connection.execute(text("create table sale (day date, region text, cents int)"))
        connection.execute(text("""
            insert into sale
            select date '2024-01-01' + n % 366, (cast(:regions as text[]))[n % 6 + 1], n % 1000
            from generate_series(0, :rows - 1) n
        """), {"regions": REGIONS, "rows": ROWS})
    return Report(engine)


class Report:
    streams = {}    # a report goes on where its reader stopped

    def __init__(self, engine):
        self.engine = engine

    def stream(self, region):
        if region not in self.streams:
            connection = self.engine.connect().execution_options(stream_results=True)
            query = text("select day, cents from sale where region = :region order by day")
            self.streams[region] = connection.execute(query, {"region": region})
        return self.streams[region]

    def figure(self, query):
        return self.stream("north").connection.execution_options(stream_results=False).scalar(text(query))


@pytest.mark.parametrize("region", REGIONS)
def test_days_come_in_order(report, region):
    days = [row.day for row in itertools.islice(report.stream(region), 500)]
    assert len(days) == 500 and days == sorted(days)


@pytest.mark.parametrize("region", REGIONS[:4])
def test_amounts_are_plausible(report, region):
    assert all(0 <= row.cents < 1000 for row in itertools.islice(report.stream(region), 500))


@pytest.mark.parametrize(("query", "figure"), [
    ("select count(*) from sale", ROWS),
    ("select sum(cents) from sale", 299_700_000),
    ("select count(distinct day) from sale", 366),
    ("select count(distinct region) from sale where day < '2024-02-01'", 6),
])
def test_figure(report, query, figure):
    assert report.figure(query) == figure
