"""Measures a whole suite under pqsweep, and under what people write themselves."""

import pathlib
import tempfile
from contextlib import closing
from statistics import median

import psycopg2

from measuring import median_ratio, turns
from suites.running import modules, pytest, run_observed, run_suite

ROUNDS = 3
BLOCKS = {"an engine for each module": {}, "one shared engine": {"SHARED_ENGINE": "1"}}


def ways(pqsweep, report):
    suite = pytest(report)
    reports = ["--journal", report.with_name("%p.jsonl"), "--stacks", "--report", "always"]
    return {
        "nothing": suite,
        "fixture of MEM-007": pytest(report, "-p", "mem007"),
        "fixture disposing all engines": pytest(report, "-p", "dispose"),
        "NullPool": pytest(report, "-p", "null_pool"),
        "pqsweep": [pqsweep, "run", "--", *suite],
        "  --grace 1": [pqsweep, "run", "--grace", "1", "--", *suite],
        "  --journal --stacks, summary": [pqsweep, "run", *reports, "--", *suite],
    }


def megabytes(kilobytes):
    return "n/a" if kilobytes is None else f"{kilobytes / 1024:.1f}"


def failures(results):
    return sorted({test for result in results for tests in result["reasons"].values() for test in tests})


def without(command, failed):
    """Returns the command less the tests that failed somewhere: failures take time to wait, and megabytes to report."""
    return [*command[:-1], *(f"--deselect={test.replace(': ', '.py::')}" for test in failed), command[-1]]


def block(commands, report, variables):
    seen = {way: run_observed(command, report, **variables) for way, command in commands.items()}
    failed = failures(seen.values())
    runs = {way: [] for way in commands}
    for way in turns(list(commands), ROUNDS):
        runs[way].append(run_suite(without(commands[way], failed), report, **variables))
    seconds = {way: [result["seconds"] for result in results] for way, results in runs.items()}
    for way, results in runs.items():
        yield (f"{way:30}{seen[way]['passed']:6} {seen[way]['peak']:5} {seen[way]['final']:5}"
               f" {megabytes(seen[way]['memory']):>9} {megabytes(median(result['growth'] for result in results)):>8}"
               f" {median(seconds[way]):7.2f} {median_ratio(seconds[way], seconds['nothing']):6.3f}")
    need, module = max((run_observed(pytest(report, tests=module), report, **variables)["peak"], module)
                       for module in modules())
    yield f"A module alone needs {need} backends at most ({module.removesuffix('.py')})."
    if failed:
        yield f"Times and client are without {', '.join(failed)}, which somewhere failed."
    if late := failures(result for results in runs.values() for result in results):
        yield f"Times and client are with {', '.join(late)}, which failed in some of these runs."


def comparison(build, _):
    with closing(psycopg2.connect("")) as connection, connection.cursor() as cursor:
        cursor.execute("show max_connections")
        yield f"Suites of 277 tests; the server takes {cursor.fetchone()[0]} connections"
    with tempfile.TemporaryDirectory(prefix="pqsweep-bench.") as directory:
        report = pathlib.Path(directory) / "report.xml"
        for name, variables in BLOCKS.items():
            yield f"{'':43}backends      client"
            yield f"{name:30}passed  peak final memory MB grows MB seconds  ratio"
            yield from block(ways(build / "pqsweep", report), report, variables)
