import os
import unittest

import psycopg2


def tag_module(cls):
    os.environ["PQSWEEP_TAG"] = cls.__module__
unittest.TestCase.setUpClass = classmethod(tag_module)


still_open = []


def is_alone():
    """Connects, never closes, and tells whether the server serves nobody else of the program's."""
    still_open.append(psycopg2.connect(""))
    cursor = still_open[-1].cursor()
    cursor.execute("select alone()")
    return cursor.fetchone()[0]
