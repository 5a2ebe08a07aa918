"""Measures what the runners' adapters add to suites of empty tests."""

import os
import pathlib
import resource
import tempfile
from statistics import median

from measuring import environment, median_ratio, run, turns

TESTS, ROUNDS = 1000, 12
SUITES = {
    "pytest": ("test_empty.py", "".join(f"def test_{n}(): pass\n" for n in range(TESTS)),
               ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider"]),
    "unittest": ("test_empty.py", "import unittest\nclass Empty(unittest.TestCase):\n"
                 + "".join(f"    def test_{n}(self): pass\n" for n in range(TESTS)),
                 ["/usr/bin/python3", "-m", "unittest"]),
    "rspec": ("empty_spec.rb", "RSpec.describe 'empty' do\n" + "".join(f"  it('{n}') {{}}\n" for n in range(TESTS)) + "end\n",
              ["rspec"]),
}


def cpu(command, env):
    """Returns its seconds of CPU, and those of its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(command, env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def byte_code(folder):
    """Returns an environment in which Python keeps byte code, as it does for a wheel in a virtual environment."""
    cached = environment(PYTHONPYCACHEPREFIX=f"{folder}/byte code")
    cached.pop("PYTHONDONTWRITEBYTECODE", None)
    return cached


def adapters(build, _):
    yield f"{TESTS:,} empty tests, CPU ms   with --no-adapters   with adapters  ratio"
    with tempfile.TemporaryDirectory(prefix="pqsweep-bench.") as folder:
        for runner, (name, text, command) in SUITES.items():
            suite = pathlib.Path(folder) / name
            suite.write_text(text)
            os.chdir(folder)
            took = {"--no-adapters": [], "--report=never": []}
            for option in turns(list(took), ROUNDS):
                took[option].append(cpu([build / "pqsweep", "run", "--notice", "0", option, "--", *command, name],
                                        byte_code(folder)))
            without, brought = took.values()
            yield (f"{runner:27} {median(without) * 1000:18.0f} {median(brought) * 1000:15.0f}"
                   f" {median_ratio(brought, without):6.3f}")
    yield "To reach: 1.010."
