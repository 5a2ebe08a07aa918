"""Runs `pqsweep` commands on a doer from outside, one at a time, and checks what they print."""

import json
import os
import subprocess
import tempfile
import time

ANSWERS_WITHIN = 10
LONGEST_SWEEP = 2   # where servers do not answer; what is asked for meanwhile waits
SEES, ACTS = ("ls", "ps"), ("tag", "sweep")


class Outside:
    def __init__(self, doer, tool, runtime_directory):
        self.doer, self.tool = doer, tool
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("PQSWEEP_", "LD_"))}
        self.env["XDG_RUNTIME_DIR"] = str(runtime_directory)
        self.process = None
        self.printed = []       # its output, and its errors
        self.what = ""
        self.answers = {}       # {command: what it said last}
        self.tags = 0

    def is_busy(self):
        return self.process is not None

    def ask(self, what):
        pid, wait = str(self.doer.process.pid), ["--wait", f"{LONGEST_SWEEP + self.doer.limit():.1f}"]
        self.tags += 1
        arguments = {"ls": ["ls", pid], "ps": ["ps"], "sweep": ["sweep", pid, *wait],
                     "tag": ["tag", f"from outside {self.tags}", pid, *wait]}[what]
        self.what, self.since = what, time.monotonic()
        self.printed = [tempfile.TemporaryFile("w+") for _ in range(2)]
        self.process = subprocess.Popen([self.tool, *arguments, "--json"], env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=self.printed[0], stderr=self.printed[1])

    def look(self):
        """Returns what has been done, or None. Reports violations."""
        if not self.process:
            return None
        if self.process.poll() is None:
            if time.monotonic() - self.since > ANSWERS_WITHIN * self.doer.slowness:
                self.complain(f"does not answer\n{self.doer.stacks(self.process.pid)}")
                self.close()
            return None
        status, self.process = self.process.returncode, None
        output, errors = (file.seek(0) or file.read() for file in self.printed)
        try:
            records = json.loads(output or "[]")
        except ValueError:
            self.complain(f"prints no JSON: {output}")
            return None
        mine = [record for record in records if record["pid"] == self.doer.process.pid]
        if status == 0 and (mine or self.what in SEES):     # it may have no connection
            self.answers[self.what] = mine
            return self.what
        # No command finds a program that has ended, or one whose board got no room.
        if not self.doer.is_gone() and (mine or not self.doer.is_on_disk):
            self.complain(f"ends with {status}: {output}{errors}{self.doer.stacks()}")
        return None

    def complain(self, what):
        self.doer.complain(f"pqsweep {self.what} {what}")

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def has_seen(self):
        return all(what in self.answers for what in SEES)

    def backends(self):
        """Returns what the board showed when it was last seen."""
        return {c["backend"] for c in self.answers["ls"] if c["state"] != "swept" and "backend" in c}

    def live(self):
        return sum(process["live"] for process in self.answers["ps"])
