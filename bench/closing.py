"""What closing connections costs, and using again one that was swept."""

import os
from statistics import median

from measuring import Rounds, by_turns, environment, median_ratio

SWEEPS = {1: 300, 10: 40, 50: 16}    # connections, and so many rounds
REVIVALS = 200
SESSIONS = {"bare": "bare session", "full": "5 settings, 3 prepared statements, a LISTEN"}


def sweeps(build, shim):
    program = build / "bench" / "sweep"
    yield "Closing by sweep or PQfinish  CPU us for each     us for each    all gone, ms"
    yield "             connections   sweep finish ratio    sweep finish    sweep finish"
    with (Rounds([program, "tag"], environment(LD_PRELOAD=str(shim))) as tag,
          Rounds([program, "finish"], environment()) as finish):
        for state in ("idle", "transaction"):
            for count, rounds in SWEEPS.items():
                swept, finished = by_turns([tag, finish], rounds, state, count)
                elapsed, cpu, gone = zip(swept, finished)
                yield (f"{state:12} {count:11}  {median(cpu[0]) / count:6.1f} {median(cpu[1]) / count:6.1f}"
                       f" {median_ratio(*cpu):5.2f}   {median(elapsed[0]) / count:6.1f}"
                       f" {median(elapsed[1]) / count:6.1f}   {median(gone[0]) / 1000:6.1f}"
                       f" {median(gone[1]) / 1000:6.1f}")
    yield "The elapsed time holds what ending server processes take from the client's core."


def revivals(build, shim):
    program = build / "bench" / "revive"
    yield f"First statement, ms {'':39} swept  fresh  ratio"
    with (Rounds([program, "swept"], environment(LD_PRELOAD=str(shim))) as revived,
          Rounds([program, "fresh"], environment()) as fresh):
        for transport, conninfo in (("Unix", ""), ("TLS", os.environ["PQSWEEP_TEST_TLS"])):
            for session, title in SESSIONS.items():
                (swept,), (connected,) = by_turns([revived, fresh], REVIVALS, session, conninfo)
                yield (f"{transport:4} {title:53} {median(swept) / 1000:6.2f} {median(connected) / 1000:6.2f}"
                       f" {median_ratio(swept, connected):6.2f}")
    yield "Fresh is PQconnectdb and, where there is a session to restore, one PQexec."
