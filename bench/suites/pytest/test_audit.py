"""The audit trail: a trigger writes down who changed which price."""

import psycopg2
import pytest

DEPARTMENTS = ["bakery", "books", "fashion", "garden", "music", "office", "sports", "toys"]

# One connection per department, as in production. Nobody commits after merely reading.
desks = {}


class Desk:
    def __init__(self, dsn, department):
        self.department = department
        self.connection = psycopg2.connect(dsn, application_name=department)

    def query(self, query, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchall() if cursor.description else None

    def reprice(self, cents):
        self.query("update price set cents = %s where department = %s", cents, self.department)
        self.connection.commit()

    def trail(self):
        query = "select before, after, who from audit where department = %s order by id"
        return self.query(query, self.department)


@pytest.fixture
def desk_of(dsn):
    return lambda department: desks.get(department) or desks.setdefault(department, Desk(dsn, department))


@pytest.fixture(scope="module", autouse=True)
def trail(dsn):
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("""
            create table price (department text primary key, cents int not null);
            create table audit (id serial, department text, before int, after int, who text);
            create function write_down() returns trigger language plpgsql as $$
            begin
                insert into audit (department, before, after, who)
                values (old.department, old.cents, new.cents, current_setting('application_name'));
                return new;
            end $$;
            create function refuse() returns trigger language plpgsql as $$
            begin raise 'the audit trail is append-only'; end $$;
            create trigger audited before update on price for each row execute function write_down();
            create trigger frozen before update or delete on audit for each row execute function refuse();
        """)
        cursor.execute("insert into price select department, 1000 from unnest(%s) department", [DEPARTMENTS])
    connection.close()


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_change_is_written_down(desk_of, department):
    desk = desk_of(department)
    desk.reprice(1250)
    assert desk.trail()[0] == (1000, 1250, department)


@pytest.mark.parametrize("cents", [1, 99, 100, 9_999, 10_000, 123_456, 2_147_483_647])
def test_amount_is_exact(desk_of, cents):
    desk = desk_of("books")
    desk.reprice(cents)
    assert desk.trail()[-1][1] == cents


def test_entries_chain(desk_of):
    desk = desk_of("toys")
    for cents in (300, 200, 100):
        desk.reprice(cents)
    trail = desk.trail()
    assert all(earlier[1] == later[0] for earlier, later in zip(trail, trail[1:]))


@pytest.mark.parametrize("tampering", ["update audit set after = 0", "delete from audit"])
def test_trail_is_append_only(desk_of, tampering):
    desk = desk_of("garden")
    desk.reprice(500)
    with pytest.raises(psycopg2.errors.RaiseException, match="append-only"):
        desk.query(tampering)
    desk.connection.rollback()
    assert desk.trail()
