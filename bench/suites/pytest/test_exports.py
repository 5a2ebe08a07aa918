"""Exports and imports with COPY, and what happens when the disk quota is reached."""

import io

import psycopg2
import pytest

ROWS = 100_000


class QuotaExceeded(Exception):
    pass


class QuotaFile(io.StringIO):
    def __init__(self, quota):
        super().__init__()
        self.quota = quota

    def write(self, chunk):
        if self.tell() + len(chunk) > self.quota:
            raise QuotaExceeded
        return super().write(chunk)


class Job:
    history = []    # for the progress page

    def __init__(self, dsn):
        self.connection = psycopg2.connect(dsn)
        self.cursor = self.connection.cursor()
        self.history.append(self)

    def export(self, options="", quota=1 << 30):
        self.file = QuotaFile(quota)
        self.cursor.copy_expert(f"copy (select * from sale order by id) to stdout {options}", self.file)
        return self.file.getvalue()


@pytest.fixture(scope="module", autouse=True)
def job(dsn):
    job = Job(dsn)
    job.cursor.execute("create table sale (id int primary key, article text, note text, cents int)")
    job.cursor.execute("""insert into sale
                          select n, 'Article, no. ' || n, nullif(repeat('-', n %% 60), ''), n * 3
                          from generate_series(1, %s) n""", [ROWS])
    job.connection.commit()
    return job


@pytest.mark.parametrize(("options", "first_line"), [
    ("", "1\tArticle, no. 1\t-\t3"),
    ("(format csv)", '1,"Article, no. 1",-,3'),
    ("(format csv, header)", "id,article,note,cents"),
    ("(format csv, delimiter ';')", "1;Article, no. 1;-;3"),
    ("(format csv, force_quote *)", '"1","Article, no. 1","-","3"'),
    ("(delimiter '|')", "1|Article, no. 1|-|3"),
])
def test_format(job, options, first_line):
    lines = job.export(options).splitlines()
    assert lines[0] == first_line
    assert len(lines) == ROWS + ("header" in options)


@pytest.mark.parametrize("quota", [0, 1_000, 65_536, 500_000])
def test_quota_stops_the_export(dsn, quota):
    job = Job(dsn)
    with pytest.raises(QuotaExceeded):
        job.export(quota=quota)
    assert len(job.file.getvalue()) <= quota


@pytest.mark.parametrize("null", ["", "NULL", "n/a"])
def test_null_marker(job, null):
    lines = job.export(f"(format csv, null '{null}')").splitlines()
    assert lines[59] == f'60,"Article, no. 60",{null},180'


@pytest.mark.parametrize(("line", "error"), [
    ("1\ttoo\tfew", psycopg2.errors.BadCopyFileFormat),
    ("x\tarticle\tnote\t1", psycopg2.errors.InvalidTextRepresentation),
    ("1\tarticle\tnote\t1", psycopg2.errors.UniqueViolation),
])
def test_bad_import_changes_nothing(job, line, error):
    with pytest.raises(error):
        job.cursor.copy_expert("copy sale from stdin", io.StringIO(line + "\n"))
    job.connection.rollback()
    job.cursor.execute("select count(*) from sale")
    assert job.cursor.fetchone() == (ROWS,)
