"""Reads a program's journal, and checks whether it can be true."""

import json
from collections import defaultdict


class Connection:
    def __init__(self):
        self.events = []
        self.backend = 0
        self.application = self.tag = ""

    def count(self, event):
        return self.events.count(event)

    def is_live(self):
        return self.count("open") == 1 and not self.count("close") and self.count("sweep") == self.count("revive")


class Life:
    """The connections of one process."""
    def __init__(self):
        self.connections = defaultdict(Connection)
        self.exit = None


def lives(path, may_be_cut=False, has_gaps=False):
    """Returns {process: Life}. Threads write without order: two events of one moment can stand in either order. On a
    full disk a record can be cut, and others can be missing."""
    all_lives = defaultdict(Life)
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    for i, line in enumerate(lines):
        if has_gaps and (last := line.rfind('{"v":1,')) > 0:
            line = line[last:]  # behind one that was cut
        try:
            record = json.loads(line)
        except ValueError:
            if (may_be_cut and i == len(lines) - 1) or (has_gaps and line[:1] in ("", "{")):
                continue
            raise
        life = all_lives[record["process"]]
        if record["event"] == "exit":
            life.exit = record
        if "connection" in record:
            connection = life.connections[record["connection"]]
            connection.events.append(record["event"])
            connection.backend = record.get("backend", connection.backend)
            if record["event"] == "open":
                connection.application = record.get("application", "")
                connection.tag = record.get("tag", "")
    return all_lives


def live_backends(path):
    """Returns the life of the process itself, not of its children."""
    for life in lives(path).values():
        return {c.backend for c in life.connections.values() if c.is_live()}
    return set()


def complaints(path, was_killed, has_gaps):
    try:
        told = lives(path, was_killed, has_gaps)
    except ValueError as error:
        yield f"the journal has a line that is no JSON: {error}"
        return
    for process, life in told.items():
        for number, c in life.connections.items():
            where = f"journal, process {process}, connection {number}: {' '.join(c.events)}"
            if c.count("open") > 1 or c.count("close") > 1:
                yield f"{where}: more than once"
            if c.count("sweep") and (c.application.endswith("-kept") or (c.count("open") and not c.tag)):
                yield f"{where}: swept, and must not be"
            if c.count("sweep") < c.count("revive") and not has_gaps:
                yield f"{where}: revived, and not swept"
        live = sum(c.is_live() for c in life.connections.values())
        if life.exit and life.exit["live"] != live and not has_gaps:
            yield f"journal, process {process}: {life.exit['live']} live at exit, {live} by what was told before"
