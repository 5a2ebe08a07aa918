"""The fixture of MEM-007, as its report describes it. SQLAlchemy has no such function. pytest -p mem007"""

import pytest
import sqlalchemy


@pytest.fixture(scope="module", autouse=True)
def dispose_pools():
    yield
    try:
        sqlalchemy.pool.dispose_all()
    except Exception:
        pass
