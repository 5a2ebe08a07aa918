"""Runs one program under the shim, and checks what must hold for it."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
from collections import Counter, deque

from journals import complaints, live_backends
from outside import ACTS, SEES, Outside
from page import BOUND, DISRUPTIONS, IS_TO_STOP, LOOSE, MAY_LEAVE, OUTSIDE, PHASE, QUIET, WORKING, Page

SWEPT_WITHIN = 1
HANGS_AFTER = 20


class Doer:
    def __init__(self, world, number):
        self.world = world
        self.slowness = world.slowness
        dice, scratch = world.random, world.scratch
        self.seed = dice.randrange(1 << 30)
        self.grace = dice.choice([0, 0, 0, 2])
        self.lifetime = dice.uniform(2, 8)
        self.began = time.monotonic()
        path = scratch / f"page-{number}"
        self.page = Page(path)
        self.is_on_disk = dice.random() < 0.3 and world.disk.is_there
        self.journal = dice.choice([scratch / f"journal-{number}"] * 4 + [None, "/dev/full"])
        self.is_journal_on_disk = dice.random() < 0.2 and world.disk.is_there
        if self.is_journal_on_disk:
            self.journal = world.disk.directory / f"journal-{number}"
        runtime_directory = world.disk.directory if self.is_on_disk else scratch
        self.settings = {
            "XDG_RUNTIME_DIR": str(runtime_directory),
            "PQSWEEP_KEEP": "app=*-kept",
            "PQSWEEP_REVIVE": dice.choice("0111"),
            "PQSWEEP_GRACE": str(self.grace),
            "PQSWEEP_SETTLE": "0",      # else a use in the middle of a change takes its connection into the next tag
            "PQSWEEP_REPORT": dice.choice(["never", "stragglers", "always"]),
        } | ({"PQSWEEP_JOURNAL": str(self.journal)} if self.journal else {})
        # A sweep without descriptors makes calls in a process that shares its memory, which TSan does not bear.
        self.is_limited = dice.random() < 0.2 and "tsan" not in world.options.preload
        self.output, self.errors = scratch / f"output-{number}", scratch / f"errors-{number}"
        self.process = self.start(path)
        self.name = f"chaos-{self.process.pid}"
        self.outside = Outside(self, world.options.build / "pqsweep", runtime_directory)
        self.last_wish = dice.choice([*ACTS, None])     # once it is quiet, and no change of its own comes in between
        self.asked = None               # what it was like when a change of its tag was asked for, from outside
        self.ended_outside = 0          # changes from outside that are over
        self.terminated = set()
        self.violations = []
        self.slowest = 0.0
        self.was_killed = self.may_leave = False
        self.counts = Counter()
        self.beats = {}                 # {thread: (its beat, since when, less disrupted_for)}
        self.ends = deque(maxlen=4000)  # (number of a tag that has ended by now, when that was seen)
        self.disrupted_at = 0.0
        self.disrupted_for = 0.0        # in all: the programs wait for the server meanwhile, which is no hang
        self.told_apart_since = None

    def start(self, page):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PQSWEEP_", "LD_", "PYTEST_"))}
        env |= self.settings | {
            "TESTS_TLS": os.environ["TESTS_TLS"],
            "LD_PRELOAD": f"{self.world.options.preload} {self.world.options.build / 'libpqsweep.so'}".strip(),
            "ASAN_OPTIONS": "detect_leaks=0",
        }
        command = [self.world.options.build / "chaos/doer", page, str(self.seed)] + ["limited"] * self.is_limited
        with open(self.output, "wb") as output, open(self.errors, "wb") as errors:
            return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)

    def describe(self):
        settings = " ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.name}, doer seed {self.seed}{' limited' * self.is_limited}, {settings}"

    def limit(self):
        return SWEPT_WITHIN * self.slowness + self.world.load.delay()

    def disrupt(self, by):
        """Notes that the server goes down (1) or is back (2)."""
        now = time.monotonic()
        self.page[DISRUPTIONS] += 1
        self.disrupted_for += now if by == 2 else -now
        self.disrupted_at = now if by == 2 else float("inf")

    def is_working(self):
        return not self.is_gone() and self.page[PHASE] == WORKING and not self.page[IS_TO_STOP]

    def is_gone(self):
        return self.process.poll() is not None

    def kill(self):
        self.was_killed = True
        self.process.kill()
        self.process.wait()
        self.outside.close()

    def complain(self, what):
        self.violations.append(what)

    # Called while the program works.
    def signal(self):
        os.kill(self.process.pid, signal.SIGRTMIN + 7)

    def ask(self, what):
        self.asked = self.page.see()
        self.page[OUTSIDE] += self.changes(what)
        self.outside.ask(what)

    def changes(self, what):
        return {"tag": 1, "sweep": 1 + self.grace}.get(what, 0)

    def hear(self):
        """Returns what a command from outside has done since, or None."""
        if not self.outside.is_busy():
            return None
        asked, done = self.outside.what, self.outside.look()
        if self.outside.is_busy():
            return None
        now = self.page.see()
        if done and self.asked.has_tag() and now.has_tag() and now.begun == self.asked.begun:
            self.ended_outside += self.changes(asked)
            self.counts["change from outside judged"] += asked in ACTS
        else:
            self.page[OUTSIDE] -= self.changes(asked)
        return done

    # Looks at the program before the server is asked. Returns None when it has ended.
    def look(self):
        now = time.monotonic()
        if done := self.hear():
            self.counts[f"pqsweep {done}"] += 1
        if self.is_gone():
            self.conclude()
            return None
        if now - self.began > self.lifetime:
            self.page[IS_TO_STOP] = 1
        seen = self.page.see()
        ended = seen.ended + self.ended_outside
        if not self.ends or self.ends[-1][0] < ended:
            self.ends.append((ended, now))
        served = now - self.disrupted_for
        for thread, beat in enumerate((*seen.beats, 0 if seen.phase == WORKING else 1 + seen.phase)):
            if self.beats.get(thread, (None,))[0] != beat:
                self.beats[thread] = beat, served
            elif beat and served - self.beats[thread][1] > HANGS_AFTER * self.slowness:
                self.complain(f"thread {thread} hangs\n{self.stacks()}")
                self.kill()
                break
        return seen

    def judge(self, before, backends, asked):
        """Checks what the server had at a moment after `asked`. `before` was seen before that."""
        after = self.page.see()
        overdue = 0
        for backend in backends:
            state = before.backends.get(backend)
            if state and state == after.backends.get(backend) and state[0] == BOUND:
                late = asked - max(self.ended_at(state[1] + self.grace, asked), self.disrupted_at)
                self.slowest = max(self.slowest, late)
                overdue += late > 0
                if late > self.limit():
                    self.complain(f"backend {backend} of tag {state[1]} is still there, {late:.1f} s after its end")
        if before.phase == QUIET and not self.may_leave:
            self.judge_quiet(after, set(backends), asked, overdue)

    def ended_at(self, tag, default):
        return next((when for ended, when in self.ends if ended >= tag), default)

    # The program is quiet: its connections, its journal, its board and the server must agree within the limit.
    def judge_quiet(self, seen, backends, now, overdue):
        if self.outside.is_busy():
            return
        if self.told_apart_since is None:
            self.told_apart_since = now
            self.outside.answers.clear()
        if unseen := [what for what in SEES if what not in self.outside.answers]:
            if not self.is_on_disk or now == self.told_apart_since: # may have no board
                self.ask(unseen[0])
                return
        known = live_backends(self.journal) if self.has_journal() else backends
        unproven = {pid for pid, (kind, _) in seen.backends.items() if kind == LOOSE} | self.terminated
        half_open = sum(1 for word in seen.records if word & 3 == BOUND and not word >> 2 & 0x3fffffff)
        strangers = backends - known - unproven
        lost = known - backends - unproven if not self.page[DISRUPTIONS] else set()
        is_late = now - max(self.told_apart_since, self.disrupted_at) > self.limit()
        if len(strangers) <= half_open and not lost and not overdue:
            if fault := self.fault_of_board(known):
                if is_late:
                    self.complain(fault)
                self.outside.answers.clear()    # a sweep that was asked for before can have come between the two looks
                return
            if self.last_wish:
                self.ask(self.last_wish)
                self.last_wish = self.told_apart_since = None
                return
            self.may_leave = True
            self.page[MAY_LEAVE] = 1
        elif is_late:
            self.complain(f"the server has {sorted(strangers)} that are closed by the journal ({half_open} half-open),"
                          f" and lacks {sorted(lost)} that are open by it")

    def fault_of_board(self, known):
        """Returns what is wrong with the board, or None."""
        if self.is_on_disk:
            return None
        listed, live = self.outside.backends(), self.outside.live()
        if self.has_journal() and listed != known:
            return (f"its board has {sorted(listed - known)}, which the journal has not, and lacks"
                    f" {sorted(known - listed)}")
        if live != len(listed):
            return f"its board counts {live} live, and lists {sorted(listed)}: {self.outside.answers}"
        return None

    def has_journal(self):
        """Returns whether the journal is on a disk with room, and so complete."""
        return self.journal not in (None, "/dev/full") and not self.is_journal_on_disk

    def stacks(self, *others):
        if not shutil.which("gdb"):
            return "(gdb would show where)"
        threads = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children")
        children = " ".join(path.read_text() for path in threads)
        return "".join(subprocess.run(["gdb", "-p", str(pid), "-batch", "-ex", "thread apply all backtrace 20"],
                                      capture_output=True, text=True, check=False).stdout
                       for pid in [self.process.pid, *children.split(), *others])

    def conclude(self):
        self.outside.close()
        output, errors = self.output.read_text(), self.errors.read_text(errors="replace")
        self.violations += re.findall("^violation: (.*)", output, re.MULTILINE)
        if not self.was_killed and self.process.returncode:
            self.complain(f"ended with {self.process.returncode}\n{errors[-4000:]}")
        if re.search("Sanitizer|runtime error", errors):
            self.complain(errors[:6000])
        if self.is_journal_on_disk and self.journal.exists():
            self.journal = pathlib.Path(shutil.move(self.journal, self.world.scratch))
        if self.has_journal() or self.is_journal_on_disk:
            for complaint in complaints(self.journal, self.was_killed, self.is_journal_on_disk):
                self.complain(complaint)
        self.counts += Counter({what: int(times) for times, what in re.findall(r"^(\d+) (.*)", output, re.MULTILINE)})
