"""What the hooks add to the calls that they surround."""

import json
import pathlib
import re
import tempfile
from collections import defaultdict
from statistics import median

from measuring import environment, median_difference, run

CALLS = {
    "PQgetResult": "PQgetResult, idle",
    "PQconsumeInput": "PQconsumeInput",
    "PQsendQuery": "PQsendQuery, 2 PQgetResult",
    "PQexec": "PQexec",
    "setenv": "setenv, another variable",
}
ASK_NO_SERVER = ("PQgetResult", "PQconsumeInput")    # so they say something with the real libpq, too
REPETITIONS = 15
COUNTED = 100_000


def time_hooks(program, calls, env):
    """Nanoseconds of CPU time: {(call, live, used): {(way, threads): [one for each repetition]}}"""
    report = run([program, f"--benchmark_filter=^({calls})/", "--benchmark_format=json",
                  "--benchmark_min_time=0.02", f"--benchmark_repetitions={REPETITIONS}",
                  "--benchmark_enable_random_interleaving=true"], env).stdout
    times = defaultdict(lambda: defaultdict(list))
    for benchmark in json.loads(report)["benchmarks"]:
        if benchmark["run_type"] == "iteration":
            call, way, live, used, threads = benchmark["run_name"].split("/")
            times[call, int(live), int(used)][way, threads].append(benchmark["cpu_time"])
    return times


def added(times, threads="threads:1"):
    return median_difference(times["hooked", threads], times["direct", threads])


def hook_row(call, live, used, times, library=""):
    cells = [f"{median(times['direct', threads]):6.1f} {median(times['hooked', threads]):6.1f}"
             f" {added(times, threads):+6.1f}" for threads in sorted({threads for _, threads in times})]
    return f"{CALLS[call] + library:26} {live:6,} {'1' if used == 1 else 'all':>4} {' '.join(cells)}"


def hook_times(program, fake, real):
    yield f"{'Hooks: CPU ns for a call':26} {'connections':11} {'one thread':>20} {'four threads':>20}"
    yield f"{'':26} {'live':>6} used direct hooked  added direct hooked  added"
    of_fake = time_hooks(program, "|".join(CALLS), fake)
    order = list(CALLS)
    for key in sorted(of_fake, key=lambda key: (order.index(key[0]), key[2] > 1, key[1])):
        yield hook_row(*key, of_fake[key])
    of_real = time_hooks(program, "|".join(f"{call}/[a-z]+/1/1" for call in ASK_NO_SERVER), real)
    for key in sorted(of_real, key=lambda key: order.index(key[0])):
        yield hook_row(*key, of_real[key], " (real)")
    alone, one, all_of_them = (added(of_fake["PQgetResult", live, used])
                               for live, used in ((1, 1), (10_000, 1), (10_000, 10_000)))
    yield (f"Added to PQgetResult with 10,000 live, to that with 1: {one / alone:.2f},"
           f" using all {all_of_them / alone:.2f}")


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
    with tempfile.TemporaryDirectory(prefix="pqsweep-bench.") as directory:
        (pathlib.Path(directory) / "libpq.so.5").symlink_to(build / "bench" / "fake" / "libpq.so")
        real = environment(LD_PRELOAD=str(shim), PQSWEEP_TAG="bench")
        fake = real | {"LD_LIBRARY_PATH": directory}
        yield from hook_times(program, fake, real)
        yield ""
        yield from hook_instructions(program, fake, real)
