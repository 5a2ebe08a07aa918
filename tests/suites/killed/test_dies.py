"""Takes its worker with it."""

import os
import signal

import psycopg2


def test_die():
    connection = psycopg2.connect("")
    os.kill(os.getpid(), signal.SIGKILL)
    connection.close()
