"""Measures how busy the machine is: the time that the server takes to end a connection that no shim has closed."""

import contextlib
import time

import psycopg2

NAME = "chaos-control-connection"   # `Server.backends` tells of it, too
EVERY = 0.2
REMEMBERED = 10     # seconds


class Load:
    """Opens and closes a connection again and again. The time until it has left pg_stat_activity is added to the
    limit of a straggler."""
    def __init__(self):
        self.pid = None         # that was closed, and was still there when last seen
        self.closed_at = 0.0
        self.took = []          # [(when, seconds)]
        self.slowest = 0.0

    def look(self, backends, asked):
        """Notes what the server had at a moment after `asked`."""
        if self.pid and self.pid not in {pid for pid, name in backends if name == NAME}:
            self.took.append((asked, asked - self.closed_at))
            self.slowest = max(self.slowest, asked - self.closed_at)
            self.pid = None
        self.took = [(when, seconds) for when, seconds in self.took if when > asked - REMEMBERED]
        if not self.pid and asked > self.closed_at + EVERY:
            with contextlib.suppress(psycopg2.Error):
                connection = psycopg2.connect(f"application_name={NAME}")
                self.pid = connection.info.backend_pid
                self.closed_at = time.monotonic()
                connection.close()

    def forget(self):
        """Forgets what was measured while the server was down."""
        self.pid = None

    def delay(self):
        pending = time.monotonic() - self.closed_at if self.pid else 0
        return max([pending] + [seconds for _, seconds in self.took])
