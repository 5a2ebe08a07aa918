"""What suites do that have no pqsweep: every engine is disposed of when a module ends. pytest -p dispose"""

from weakref import WeakSet

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

engines = WeakSet()


@event.listens_for(Engine, "engine_connect")
def remember(connection, _):
    engines.add(connection.engine)


@pytest.fixture(scope="module", autouse=True)
def dispose_engines():
    yield
    for engine in engines:
        engine.dispose()
