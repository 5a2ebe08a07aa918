"""Engines without a pool, whatever the suite asks for: what is given back is closed. pytest -p null_pool"""

import sqlalchemy
from sqlalchemy.pool import NullPool

create_engine = sqlalchemy.create_engine


def create_engine_without_pool(url, **options):
    for option in ("pool_size", "max_overflow"):
        options.pop(option, None)
    return create_engine(url, poolclass=NullPool, **options)


sqlalchemy.create_engine = create_engine_without_pool
