"""What a whole suite costs under pqsweep, and under the remedy that people write themselves."""

import pathlib
import tempfile
from statistics import median

from measuring import median_ratio, turns
from suites import pytest, run_observed, run_suite

ROUNDS = 7


def comparison(build, _):
    pqsweep = build / "pqsweep"
    yield "Suite with one shared engine    passed   peak  final  seconds  ratio"
    with tempfile.TemporaryDirectory(prefix="pqsweep-bench.") as directory:
        report = pathlib.Path(directory) / "report.xml"
        ways = {
            "alone": pytest(report),
            "pqsweep --grace 1": [pqsweep, "run", "--grace", "1", "--", *pytest(report)],
            "pqsweep": [pqsweep, "run", "--", *pytest(report)],
            "Engine.dispose() after modules": pytest(report, "-p", "dispose"),
        }
        seen = {way: run_observed(command, report, SHARED_ENGINE="1") for way, command in ways.items()}
        runs = {way: [] for way in ways}
        for way in turns(list(ways), ROUNDS):
            runs[way].append(run_suite(ways[way], report, SHARED_ENGINE="1"))
    failed = {test for results in runs.values() for result in results
              for tests in result["reasons"].values() for test in tests}
    seconds = {way: [result["seconds"] - sum(result["seconds_of"].get(test, 0) for test in failed)
                     for result in results] for way, results in runs.items()}
    for way, times in seconds.items():
        passed = min(result["passed"] for result in runs[way])
        yield (f"{way:31} {passed:6} {seen[way]['peak']:6} {seen[way]['final']:6} {median(times):8.2f}"
               f" {median_ratio(times, seconds['alone']):6.3f}")
    if failed:
        yield f"The times are without {', '.join(sorted(failed))}, which somewhere failed."
