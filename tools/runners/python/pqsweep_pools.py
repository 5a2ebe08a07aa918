"""Reports, before a pool opens a connection, the line of the program that made the pool. A pool often is a module's or a fixture's, and
the connection's own lines are those of its first user.

Of SQLAlchemy, the dialect stands for the pool: each engine has its own.
"""
import sys
from os import unsetenv

from pqsweep_threads import lines_of

makers = {  # classes whose objects open connections, and by which method
    "PGDialect_psycopg2": "connect",
    "PGDialect_psycopg": "connect",
    "AbstractConnectionPool": "_connect",
    "ThreadedConnectionPool": "_connect",
}


class Noted(object):
    """A method whose object is noted when it is looked up for a call. Nothing of ours is on the stack while it runs, so no traceback
    shows that."""

    def __init__(self, method, note):
        self.method, self.note = method, note

    def __get__(self, instance, owner=None):
        if instance is not None:
            try:
                self.note(instance)
            except Exception:  # the connection has no such line then
                pass
        return self.method.__get__(instance, owner)


def note_maker(pool):
    for file, line, name in lines_of(sys._getframe())[:1]:
        vars(pool)["_pqsweep_line"] = "{}:{} {}".format(file, line, name)


def report(pool):
    """The shim takes the line from this call. No variable has such a name, so the environment stays as other threads read it."""
    unsetenv("PQSWEEP_POOL_LINE " + vars(pool)["_pqsweep_line"])


def attach(module):
    for name, opens in makers.items():
        cls = getattr(module, name, None)
        if cls is not None and hasattr(cls, opens):
            cls.__init__ = Noted(cls.__init__, note_maker)
            setattr(cls, opens, Noted(getattr(cls, opens), report))
