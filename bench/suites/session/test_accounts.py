from contextlib import closing

import psycopg2


def test_sees_the_seed_alone(db):
    db.execute("select name from item")
    assert db.fetchall() == [("seed",)]
    db.execute("insert into item values (2, 'mine')")


def test_has_a_job_done(worker):
    assert worker(10) == "worker"


def test_hears_the_news(heard):
    with closing(psycopg2.connect("")) as connection, connection, connection.cursor() as cursor:
        cursor.execute("notify news, 'accounts'")
    assert heard() == "accounts"
