"""Reports, before a pool opens a connection, the line of the program that made the pool. A pool often is a module's or a fixture's, and
the connection's own lines are those of its first user.

Of SQLAlchemy, the dialect stands for the pool: each engine has its own.
"""
import functools
import sys
from os import unsetenv

from pqsweep_threads import lines_of

makers = {  # classes whose objects open connections, and by which method
    "PGDialect_psycopg2": "connect",
    "PGDialect_psycopg": "connect",
    "AbstractConnectionPool": "_connect",
}


class Reporting(object):
    """A method that reports the line of its object's maker when it is looked up for a call. Nothing of ours is on the stack while it runs,
    so no traceback shows that.

    The shim takes the line from a call of unsetenv. No variable has such a name, so the environment stays as other threads read it.
    """

    def __init__(self, method):
        self.method = method

    def __get__(self, pool, owner=None):
        try:
            unsetenv("PQSWEEP_POOL_LINE " + pool._pqsweep_line)
        except Exception:  # the connection has no such line then
            pass
        return self.method.__get__(pool, owner)


def making(cls):
    """SQLAlchemy reads the arguments of __init__, so that stays as it is. What this returns has returned, too, before that runs."""

    @functools.wraps(cls.__init__)
    def make(made, *args, **kwargs):
        pool = object.__new__(made)
        try:
            for file, line, name in lines_of(sys._getframe())[:1]:
                pool._pqsweep_line = "{}:{} {}".format(file, line, name)
        except Exception:  # the connections have no such line then
            pass
        return pool

    return staticmethod(make)


def attach(module):
    for name, opens in makers.items():
        cls = getattr(module, name, None)
        if cls is not None and hasattr(cls, opens) and cls.__new__ is object.__new__:
            cls.__new__ = making(cls)
            setattr(cls, opens, Reporting(getattr(cls, opens)))
