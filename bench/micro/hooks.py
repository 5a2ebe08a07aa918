"""Measures what the hooks add to the calls that they surround."""

import json
import re
from collections import defaultdict
from statistics import median

from measuring import environment, fake_libpq, median_difference, run

LIBPQ = {
    "PQgetResult": "PQgetResult, idle",
    "PQconsumeInput": "PQconsumeInput",
    "PQsendQuery": "PQsendQuery, 2 PQgetResult",
    "PQexec": "PQexec",
    "PQfinish": "PQfinish of an unknown one",
}
DESCRIPTORS = {
    "close": "close of none",
    "socket": "socket of no family",
}
OTHERS = {
    "dlsym-libpq": "dlsym of PQexec",
    "dlsym-other": "dlsym of another name",
    "setenv": "setenv, another variable",
}
CALLS = LIBPQ | DESCRIPTORS | OTHERS
ASK_NO_SERVER = ("PQgetResult", "PQconsumeInput")    # so they say something with the real libpq, too
REPETITIONS = 15
OF_DESCRIPTORS = 45    # system calls vary more
COUNTED = 100_000
LEAST = 1    # ns: what is less is no measure for anything


def time_hooks(program, calls, env, repetitions=REPETITIONS):
    """Returns nanoseconds of CPU time: {(call, live, used): {(way, threads): [one for each repetition]}}"""
    report = run([program, f"--benchmark_filter=^({calls})/", "--benchmark_format=json",
                  "--benchmark_min_time=0.02", f"--benchmark_repetitions={repetitions}",
                  "--benchmark_enable_random_interleaving=true"], env).stdout
    times = defaultdict(lambda: defaultdict(list))
    for benchmark in json.loads(report)["benchmarks"]:
        if benchmark["run_type"] == "iteration":
            call, way, live, used, threads = benchmark["run_name"].split("/")
            times[call, int(live), int(used)][way, threads].append(benchmark["cpu_time"])
    return times


def added(times, threads="threads:1"):
    return median_difference(times["hooked", threads], times["direct", threads])


def growth(times, one_live, threads):
    """Returns the ratio of what is added to what is added with one live connection."""
    if one_live is None or added(one_live, threads) < LEAST:
        return "-"
    return f"{added(times, threads) / added(one_live, threads):.2f}"


def hook_row(call, live, used, times, one_live=None, library=""):
    cells = [f"{median(times['direct', threads]):6.1f} {median(times['hooked', threads]):6.1f}"
             f" {added(times, threads):+6.1f} {growth(times, one_live, threads):>5}"
             for threads in sorted({threads for _, threads in times})]
    return f"{CALLS[call] + library:26} {live:6,} {'1' if used == 1 else 'all':>4} {' '.join(cells)}"


def hook_times(program, fake, real):
    yield f"{'Hooks: CPU ns for a call':26} {'connections':11} {'one thread':>26} {'four threads':>26}"
    yield f"{'':26} {'live':>6} used{' direct hooked  added to 1' * 2}"
    of_fake = (time_hooks(program, "|".join(LIBPQ | OTHERS), fake)
               | time_hooks(program, "|".join(DESCRIPTORS), fake, OF_DESCRIPTORS))
    order = list(CALLS)
    for call, live, used in sorted(of_fake, key=lambda key: (order.index(key[0]), key[2] > 1, key[1])):
        yield hook_row(call, live, used, of_fake[call, live, used], of_fake[call, 1, 1] if live > 1 else None)
    of_real = time_hooks(program, "|".join(f"{call}/[a-z]+/1/1" for call in ASK_NO_SERVER), real)
    for key in sorted(of_real, key=lambda key: order.index(key[0])):
        yield hook_row(*key, of_real[key], library=" (real)")
    yield f"To 1: what is added, to that with 1 live, where that is {LEAST} ns at least."
    yield "To reach: +15 for a call of libpq, +3 for close and socket; with 10,000 live 1.30."


def added_instructions(program, call, env):
    counts = []
    for way in ("direct", "hooked"):
        log = run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                   program, "count", call, way, str(COUNTED)], env).stderr
        counts.append(int(re.search(r"Collected : (\d+)", log)[1]))
    return (counts[1] - counts[0]) / COUNTED


def hook_instructions(program, fake, real):
    yield f"{'Hooks: instructions added to a call':37} {'fake libpq':>10} {'real libpq':>12}"
    for call, title in CALLS.items():
        of_real = f"{added_instructions(program, call, real):+12.0f}" if call in ASK_NO_SERVER else ""
        yield f"{title:37} {added_instructions(program, call, fake):+10.0f} {of_real}".rstrip()


def hooks(build, shim):
    program = build / "bench" / "hooks"
    with fake_libpq(build) as variables:
        real = environment(LD_PRELOAD=str(shim), PQSWEEP_TAG="bench")
        fake = real | variables
        yield from hook_times(program, fake, real)
        yield ""
        yield from hook_instructions(program, fake, real)
