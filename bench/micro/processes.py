"""Measures what the shim adds to processes that connect: to a short one, and to the children of a long one."""

from statistics import median

from measuring import Rounds, by_turns, environment, median_ratio, turns
from micro.startups import start

PSQL = ["/usr/bin/psql", "-XAtqc", "select", "-o", "/dev/null"]
PSQL_ROUNDS = 200
FORKS, FORK_ROUNDS = 200, 25


def row(what, without, with_shim, to_reach):
    return (f"{what:28}{median(without):9.0f}{median(with_shim):9.0f}{median_ratio(with_shim, without):9.3f}"
            f"{to_reach:>10}")


def processes(build, shim):
    environments = [environment(), environment(LD_PRELOAD=str(shim), PQSWEEP_TAG="bench")]
    yield f"{'With one connection, us':28}{'without':>9}{'with':>9}{'ratio':>9}{'to reach':>10}"
    times = [[], []]
    for way in turns([0, 1], PSQL_ROUNDS):
        times[way].append(start(PSQL, environments[way]))
    yield row("psql, start to end", *times, "1.03")
    command = [build / "bench/fork", str(FORKS)]
    with Rounds(command, environments[0]) as without, Rounds(command, environments[1]) as with_shim:
        yield row("fork, and the child's end", *(way[0] for way in by_turns([without, with_shim], FORK_ROUNDS)), "1.10")
