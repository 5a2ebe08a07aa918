"""Runs the suites of this folder, for the demo and for the benchmarks."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from xml.etree import ElementTree

import psycopg2

from measuring import refuse

HERE = pathlib.Path(__file__).resolve().parent
DATABASE = "pqsweep_suite"
TOO_MANY = "too many clients already"
TIME_LIMIT = 120


def pytest(report, *options, tests="."):
    return [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "--rootdir=.",
            f"--junitxml={report}", *options, tests]


def modules():
    return sorted(path.name for path in (HERE / "pytest").glob("test_*.py"))


def fresh_database():
    with closing(psycopg2.connect(dbname="postgres")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"drop database if exists {DATABASE} with (force)")
        cursor.execute(f"create database {DATABASE}")


def suite_environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PQSWEEP_", "PYTEST_"))}
    kept |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return kept | {"PGDATABASE": DATABASE}


def run_suite(command, report, **variables):
    """Returns the suite's output and status, its time, and its report."""
    report.unlink(missing_ok=True)
    fresh_database()
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        started = time.time()
        suite = subprocess.Popen(command, cwd=HERE / "pytest", env=suite_environment() | variables,
                                 stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                 start_new_session=True)
        try:
            status = suite.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            status = f"none, it still ran after {TIME_LIMIT} s"
        finally:
            seconds = time.time() - started
            stop_group(suite)
        output.seek(0)
        lines = output.read().splitlines()
    return {"status": status, "lines": lines, "seconds": seconds, **read_report(report)}


def run_observed(command, report, **variables):
    """Returns the same, and what a process beside it saw of the server."""
    observer = subprocess.Popen([HERE / "observe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                start_new_session=True)
    try:
        if not observer.stdout.readline():
            refuse("the observer can't watch the server")
        result = run_suite(command, report, **variables)
        # The suite writes its report after its last test, before its end closes anything.
        ended = report.stat().st_mtime if report.exists() else time.time()
        seen = json.loads(observer.communicate()[0])
    finally:
        observer.kill()
        observer.wait()
    final = next((count for moment, count in reversed(seen["samples"]) if moment <= ended), 0)
    return {"final": final, **seen, **result}


def stop_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def read_report(path):
    """Reads the test cases of a JUnit XML file: how many passed, how long each took, and the failed ones by reason.
    If the suite says so, also: how many backends there were when each module began, and by how many kB the suite's
    own memory has grown."""
    found = {"passed": 0, "failed": 0, "seconds_of": {}, "reasons": {}, "before": [], "growth": None}
    try:
        tree = ElementTree.parse(path)
    except (OSError, ElementTree.ParseError):
        return found
    for case in tree.iter("testcase"):
        name = f"{case.get('classname').rpartition('/')[2]}: {case.get('name')}"
        found["seconds_of"][name] = float(case.get("time", 0))
        problem = next((child for child in case if child.tag in ("failure", "error")), None)
        found["passed" if problem is None else "failed"] += 1
        if problem is not None:
            message = problem.get("message", "")
            # Without the names of the exceptions that wrap it.
            reason = re.sub(r"^[\w.]+: (\([\w.]+\) )?", "", message.partition("\n")[0])
            reason = TOO_MANY if TOO_MANY in message + (problem.text or "") else reason
            found["reasons"].setdefault(reason, []).append(name)
    said = {value.get("name"): value.get("value") for value in tree.iter("property")}
    found["before"] = [int(number) for name, number in said.items() if name.startswith("backends before ")]
    if "memory growth" in said:
        found["growth"] = int(said["memory growth"])
    return found
