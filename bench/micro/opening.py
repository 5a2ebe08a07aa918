"""Measures what it costs to note where a connection is opened."""

import pathlib
from statistics import median

from measuring import Rounds, by_turns, environment, median_difference, median_ratio

DEPTHS = (10, 40)    # pytest alone makes the stack some 35 deep
ROUNDS = 60
CONNECTIONS = 20
WAYS = ("0", "python", "1")


def stacks(build, shim):
    program = pathlib.Path(__file__).with_name("connects")
    yield "psycopg2.connect, PQSWEEP_STACKS=   us for each  ratio  CPU us  added"
    processes = [Rounds([program], environment(LD_PRELOAD=str(shim), PQSWEEP_STACKS=way)) for way in WAYS]
    try:
        for depth in DEPTHS:
            took = by_turns(processes, ROUNDS, depth, CONNECTIONS)
            for way, (elapsed, cpu) in zip(WAYS, took):
                yield (f"{f'{depth} functions deep':26} {way:7} {median(elapsed):12.0f}"
                       f" {median_ratio(elapsed, took[0][0]):6.3f} {median(cpu):7.0f}"
                       f" {median_difference(cpu, took[0][1]):+6.0f}")
    finally:
        for process in processes:
            process.__exit__()
