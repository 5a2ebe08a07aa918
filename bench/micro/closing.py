"""Measures what it costs to close connections, and to use a swept one again."""

import os
import pathlib
from contextlib import ExitStack
from statistics import median

from measuring import Rounds, by_turns, environment, fake_libpq, median_ratio

SWEEPS = {1: 30, 10: 10, 100: 4, 500: 3}    # connections, and so many rounds
WAYS = ("tag", "finish", "dispose", "terminate", "calls")
FOOTNOTE = (
    "To PQfinish, Engine.dispose(), one statement with pg_terminate_backend() for all; and to the bare",
    "system calls of a sweep, on such connections. To reach: 1.00 of PQfinish, 1.30 of the system calls,",
    "0.33 of pg_terminate_backend().",
    "The elapsed time holds what ending server processes take from the client's core.",
)
SINK_ROUNDS = 10    # as many times as with a server
REVIVALS = 200
DISPOSES = pathlib.Path(__file__).with_name("disposes")
SESSIONS = {"bare": "bare session", "full": "5 settings, 3 prepared statements",
            "many": "5 settings, 100 prepared statements"}


def transports():
    return ("Unix", ""), ("TLS", os.environ["TESTS_TLS"])


def heading(what, *columns):
    names = f"{columns[0]:>7}" + "".join(f"{column:>8}" for column in columns[1:])
    return f"{what:>{len(names)}}", names


def cells(which, divisor, tag, others):
    """Returns the median of the tag change, and its ratio to the others that got that far."""
    ratios = [f"{median_ratio(tag[which], other[which]):8.2f}" if other else f"{'-':>8}" for other in others]
    return f"{median(tag[which]) / divisor:7.1f}" + "".join(ratios)


def sweep_rows(ways, state, conninfo):
    left = {}
    for count, rounds in SWEEPS.items():
        left[count] = int(ways["dispose"].round(state, count, conninfo)[-1])
        able = [way for way in ways if way != "dispose" or not left[count]]
        took = dict(zip(able, by_turns([ways[way] for way in able], rounds, state, count, conninfo)))
        tag, finish, dispose, terminate, calls = (took.get(way) for way in WAYS)
        yield f"{count:5}" + " ".join((cells(0, count, tag, (finish, dispose, terminate)),
                                       cells(1, count, tag, (finish, calls)),
                                       cells(2, 1000, tag, (finish, dispose, terminate))))
    if any(left.values()):
        yield f"     Engine.dispose() left {', '.join(map(str, left.values()))} open, which were checked out."


def sweeps(build, shim):
    groups = (heading("us for each; ratio to", "sweep", "finish", "dispose", "term."),
              heading("CPU us each; ratio to", "sweep", "finish", "calls"),
              heading("all gone, ms; ratio to", "sweep", "finish", "dispose", "term."))
    for title, line in zip(("Sweep", ""), zip(*groups)):
        yield f"{title:5}{' '.join(line)}"
    with ExitStack() as stack:
        ways = {}
        for way in WAYS:
            command = [DISPOSES] if way == "dispose" else [build / "bench" / "sweep", way]
            preload = {"LD_PRELOAD": str(shim)} if way == "tag" else {}
            ways[way] = stack.enter_context(Rounds(command, environment(**preload)))
        for transport, conninfo in transports():
            for state in ("idle", "transaction"):
                yield f"{transport}, {state}"
                yield from sweep_rows(ways, state, conninfo)
    yield from FOOTNOTE


def sinks(build, shim):
    program = build / "bench" / "sweep"
    yield "Sweep, no server    CPU us for each   calls  ratio"
    with fake_libpq(build) as variables:
        with (Rounds([program, "tag", "sink"], environment(LD_PRELOAD=str(shim), **variables)) as tag,
              Rounds([program, "calls", "sink"], environment(**variables)) as calls):
            for count, rounds in SWEEPS.items():
                (_, swept), (_, cut) = by_turns([tag, calls], rounds * SINK_ROUNDS, "idle", count)
                yield (f"{count:5} {median(swept) / count:28.2f} {median(cut) / count:7.2f}"
                       f" {median_ratio(swept, cut):6.2f}")
    yield "Sockets that nobody reads, and the same system calls on them by themselves. To reach: 1.30."


def revivals(build, shim):
    program = build / "bench" / "revive"
    yield f"First statement, ms {'':39} swept  fresh  ratio"
    with (Rounds([program, "swept"], environment(LD_PRELOAD=str(shim))) as revived,
          Rounds([program, "fresh"], environment()) as fresh):
        for transport, conninfo in transports():
            for session, title in SESSIONS.items():
                (swept,), (connected,) = by_turns([revived, fresh], REVIVALS, session, conninfo)
                yield (f"{transport:4} {title:53} {median(swept) / 1000:6.2f} {median(connected) / 1000:6.2f}"
                       f" {median_ratio(swept, connected):6.2f}")
    yield "Fresh is PQconnectdb and, where there is a session to restore, one PQexec. To reach: 1.10."
