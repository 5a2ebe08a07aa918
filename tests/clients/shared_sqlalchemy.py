"""A session-wide SQLAlchemy engine, no pre-ping; the tag changes before every statement."""
import itertools
import os

import sqlalchemy as sa

numbers = itertools.count()


def change_tag():
    os.environ["PQSWEEP_TAG"] = str(next(numbers))


engine = sa.create_engine("postgresql+psycopg2://", pool_size=5)
with engine.begin() as connection:
    connection.execute(sa.text("create temp sequence unused; drop sequence unused; drop table if exists shared_alchemy"))
    connection.execute(sa.text("create table shared_alchemy(i int primary key, t text)"))
change_tag()
for i in range(20):
    with engine.begin() as connection:
        connection.execute(sa.text("insert into shared_alchemy values (:i, :t)"), {"i": i, "t": "é" * i})
    change_tag()
    with engine.connect() as one, engine.connect() as two:
        print(one.execute(sa.text("select count(*), max(length(t)) from shared_alchemy")).one())
        print(two.execute(sa.text("show transaction_isolation")).scalar())
    change_tag()
serializable = engine.execution_options(isolation_level="SERIALIZABLE")
for _ in range(3):
    change_tag()
    with serializable.connect() as connection:
        print(connection.execute(sa.text("show transaction_isolation")).scalar())
change_tag()
print(sa.inspect(engine).get_columns("shared_alchemy")[1]["name"])
