"""The server of the chaos. tests/bin/with-server started it; a restart replaces that process."""

import contextlib
import os
import pathlib
import signal
import subprocess
import time

import psycopg2

NOTICES_WITHIN = 10


def eventually(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


class Server:
    def __init__(self):
        self.data = pathlib.Path(os.environ["PGHOST"]) / "data"
        self.process = None     # once we have started one
        self.control = None
        self.connect()
        # A server that stops waits for handshakes, also for those that a client gave up half-way.
        self.control.cursor().execute("alter system set authentication_timeout = '5s'")
        self.ask("select pg_reload_conf()")

    def connect(self):
        def is_up():
            with contextlib.suppress(psycopg2.OperationalError):
                self.control = psycopg2.connect("application_name=checker")
                self.control.autocommit = True
                return True
        eventually(is_up, 60, "the server does not come back")

    def ask(self, sql):
        with self.control.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def backends(self):
        """Returns [(pid, application_name)] of the connections of the doers."""
        return self.ask("select pid, application_name from pg_stat_activity where application_name like 'chaos-%'")

    def terminate(self, pid):
        self.ask(f"select pg_terminate_backend({pid})")

    def crash(self):
        """Kills a backend: the server ends all sessions and recovers. Returns False if there was none."""
        for pid, _ in self.backends():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            try:
                eventually(self.is_lost, NOTICES_WITHIN, "the server has not noticed that a backend was killed")
            except TimeoutError:
                if pathlib.Path(f"/proc/{pid}").exists():
                    raise
                continue    # it was ending by itself already, and only its parent had not heard of it
            self.connect()
            return True
        return False

    def is_lost(self):
        try:
            self.ask("select 1")
        except psycopg2.Error:
            return True
        return False

    def postmaster(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def is_down(self):
        return not (self.data / "postmaster.pid").exists() and (not self.process or self.process.poll() is not None)

    def restart(self, how):
        pid = self.postmaster()
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
        os.kill(pid, how)
        eventually(self.is_down, 60, "the server does not stop")
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        with open(os.environ["TESTS_LOG"], "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **user)
        self.connect()

    def close(self):
        """Stops the server, because tests/bin/with-server ends only the process that it has started."""
        self.control.close()
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(60)
