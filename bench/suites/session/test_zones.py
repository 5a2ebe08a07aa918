import psycopg2

forgotten = []


def test_sees_the_seed_alone(db):
    db.execute("select name from item")
    assert db.fetchall() == [("seed",)]


def test_forgets_a_transaction(tables):
    connection = psycopg2.connect("")
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from item")
    forgotten.append(connection)


def test_has_a_job_done(worker):
    assert worker(30) == "worker"


def test_hears_the_news(heard):
    connection = psycopg2.connect("")
    connection.autocommit = True
    connection.cursor().execute("notify news, 'zones'")
    connection.close()
    assert heard() == "zones"
