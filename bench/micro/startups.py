"""Measures what the shim adds to programs that never connect."""

import os
import random
import re
import subprocess
import time
from statistics import median

from measuring import environment, median_ratio, refuse, run

STARTS = {
    "/bin/true": (["/bin/true"], 1500),
    "bash -c :": (["/bin/bash", "-c", ":"], 1000),
    "python3 -c pass": (["/usr/bin/python3", "-c", "pass"], 150),
}
# Debian's names of the libraries that are preloaded.
NEIGHBOURS = {
    "eatmydata": {"LD_PRELOAD": "libeatmydata.so"},
    "faketime": {"LD_PRELOAD": "/usr/$LIB/faketime/libfaketime.so.1", "FAKETIME": "+0d"},
}
MEMORY = 25


def start(command, env):
    began = time.perf_counter()
    status = os.waitpid(os.posix_spawn(command[0], command, env), 0)[1]
    ended = time.perf_counter()
    if status != 0:
        refuse(f"{' '.join(command)}: wait status {status}")
    return (ended - began) * 1e6


def private_memory(env):
    """Returns the private kB of a program that has started and waits: written pages, and those with pages of files."""
    with subprocess.Popen(["/bin/cat"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        cat.stdin.write(b"\n")
        cat.stdin.flush()
        cat.stdout.readline()
        with open(f"/proc/{cat.pid}/smaps_rollup") as rollup:
            sizes = dict(re.findall(r"^(\w+): +(\d+) kB$", rollup.read(), re.MULTILINE))
        cat.stdin.close()
    return int(sizes["Private_Dirty"]), int(sizes["Private_Dirty"]) + int(sizes["Private_Clean"])


def by_rounds(measure, environments, rounds):
    """Runs them in random order, because a program finds the caches as the one before left them."""
    results = {name: [] for name in environments}
    for _ in range(rounds):
        for name in random.sample(list(environments), len(environments)):
            results[name].append(measure(environments[name]))
    return results


def startups(build, shim):
    environments = {"alone": environment(), "empty .so": environment(LD_PRELOAD=str(build / "bench/fake/empty.so")),
                    **{name: environment(**variables) for name, variables in NEIGHBOURS.items()},
                    "pqsweep": environment(LD_PRELOAD=str(shim))}
    for env in environments.values():
        if complaint := run(["/bin/true"], env).stderr:
            refuse(complaint.strip())
    yield f"{'Start to end, us':18}{''.join(f'{name:>10}' for name in environments)}  pqsweep to empty"
    for name, (command, rounds) in STARTS.items():
        times = by_rounds(lambda env, command=command: start(command, env), environments, rounds)
        yield (f"{name:18}{''.join(f'{median(of):10.0f}' for of in times.values())}"
               f"{median_ratio(times['pqsweep'], times['empty .so']):18.3f}")
    memory = {name: [median(kind) for kind in zip(*sizes)]
              for name, sizes in by_rounds(private_memory, environments, MEMORY).items()}
    for number, what in enumerate(["Private, dirty", "Private, all"]):
        sizes = [kinds[number] for kinds in memory.values()]
        added = memory["pqsweep"][number] - memory["empty .so"][number]
        yield f"{what + ', kB':18}{''.join(f'{size:10.0f}' for size in sizes)}{added:+15.0f} kB"
    yield "Memory is that of cat, waiting. All: with unchanged pages of files that no other process maps; the"
    yield "system keeps those once for all. faketime has FAKETIME=+0d."
