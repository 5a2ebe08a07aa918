"""The benchmarks share this: clean environments, programs that run to their end or by rounds, medians."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from statistics import median


def environment(**added):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PQSWEEP_", "LD_"))}
    return clean | {"PQSWEEP_REPORT": "never"} | added


def run(command, env):
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        refuse(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stderr.strip()}")
    return done


@contextmanager
def fake_libpq(build):
    """Returns the variables with which a program gets that library."""
    with tempfile.TemporaryDirectory(prefix="pqsweep-bench.") as directory:
        (pathlib.Path(directory) / "libpq.so.5").symlink_to(build / "bench" / "fake" / "libpq.so")
        yield {"LD_LIBRARY_PATH": directory}


class Rounds:
    """A process that measures one round for each line of input, and prints numbers."""

    def __init__(self, command, env):
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def round(self, *line):
        try:
            print(*line, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass    # it has said on stderr why
        numbers = self.process.stdout.readline().split()
        if not numbers:
            refuse(f"{self.process.args[0].name} could not measure a round")
        return [float(number) for number in numbers]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def turns(things, rounds):
    """Yields everything once a round, by turns in one order and the other."""
    for number in range(rounds):
        yield from things[::1 if number % 2 else -1]


def by_turns(processes, rounds, *line):
    """Returns for each process the list of each of its numbers."""
    answers = {process: [] for process in processes}
    for process in turns(processes, rounds):
        answers[process].append(process.round(*line))
    return [list(zip(*answers[process])) for process in processes]


def median_ratio(these, those):
    return median(this / that for this, that in zip(these, those))


def median_difference(these, those):
    return median(this - that for this, that in zip(these, those))


def exit_on_signals():
    """Makes signals end the program in order, so that it stops what it has started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


def refuse(reason):
    print(f"{pathlib.Path(sys.argv[0]).name}: {reason}", file=sys.stderr)
    sys.exit(2)
