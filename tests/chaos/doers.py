"""One program under the shim, and what must hold for it."""

import mmap
import os
import re
import shutil
import struct
import subprocess
import time
from collections import Counter, deque

from journals import complaints, live_backends

# page.hh
DISRUPTIONS, IS_TO_STOP, MAY_LEAVE, PHASE, BEGUN, ENDED = range(6)
BEATS, RECORDS, WORDS = 6, 6 + 16, 6 + 16 + 494
WORKING, QUIET = 1, 2
UNUSED, BOUND, LOOSE, BUSY = range(4)

SWEPT_WITHIN = 1
HANGS_AFTER = 20


class Seen:
    """What a doer's page said at one moment."""
    def __init__(self, words):
        self.ended = words[ENDED]
        self.phase = words[PHASE]
        self.beats = words[BEATS:RECORDS]
        self.records = [word for word in words[RECORDS:] if word & 3 != UNUSED]
        # {backend: (kind, newest tag that it can belong to)}
        self.backends = {word >> 2 & 0x3fffffff: (word & 3, word >> 32) for word in self.records if word & 3 != BUSY}


class Doer:
    def __init__(self, options, scratch, number, dice, is_patient):
        self.slowness = 10 if is_patient else 1
        self.seed = dice.randrange(1 << 30)
        self.grace = dice.choice([0, 0, 0, 2])
        self.lifetime = dice.uniform(2, 8)
        self.began = time.monotonic()
        self.page = self.make_page(scratch / f"page-{number}")
        self.journal = dice.choice([scratch / f"journal-{number}"] * 4 + [None, "/dev/full"])
        self.settings = {
            "PQSWEEP_KEEP": "app=*-kept",
            "PQSWEEP_REVIVE": dice.choice("0111"),
            "PQSWEEP_GRACE": str(self.grace),
            "PQSWEEP_REPORT": dice.choice(["never", "stragglers", "always"]),
        } | ({"PQSWEEP_JOURNAL": str(self.journal)} if self.journal else {})
        # A sweep without descriptors has a process of its own make calls, in memory that it shares: too much for TSan.
        self.is_limited = dice.random() < 0.2 and "tsan" not in options.preload
        self.output, self.errors = scratch / f"output-{number}", scratch / f"errors-{number}"
        self.process = self.start(options, scratch, scratch / f"page-{number}")
        self.name = f"chaos-{self.process.pid}"
        self.terminated = set()
        self.violations = []
        self.slowest = 0.0
        self.was_killed = self.may_leave = False
        self.counted = False
        self.beats = {}                 # {thread: (its beat, since when)}
        self.ends = deque(maxlen=4000)  # (number of a tag that has ended by now, when that was seen)
        self.strangers = {}             # {backend: since when}
        self.disrupted_at = 0.0
        self.told_apart_since = None

    @staticmethod
    def make_page(path):
        path.write_bytes(bytes(8 * WORDS))
        with open(path, "r+b") as file:
            return mmap.mmap(file.fileno(), 8 * WORDS)

    def start(self, options, scratch, page):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PQSWEEP_", "LD_", "PYTEST_"))}
        env |= self.settings | {
            "PQSWEEP_TEST_TLS": os.environ["PQSWEEP_TEST_TLS"],
            "CHAOS_PROXY": str(scratch),
            "LD_PRELOAD": f"{options.preload} {options.build / 'libpqsweep.so'}".strip(),
            "ASAN_OPTIONS": "detect_leaks=0",
        }
        command = [options.build / "chaos/doer", page, str(self.seed)] + ["limited"] * self.is_limited
        with open(self.output, "wb") as output, open(self.errors, "wb") as errors:
            return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)

    def describe(self):
        settings = " ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.name}, doer seed {self.seed}{' limited' * self.is_limited}, {settings}"

    def write(self, word, value):
        struct.pack_into("=Q", self.page, 8 * word, value)

    def read(self, word):
        return struct.unpack_from("=Q", self.page, 8 * word)[0]

    def disrupt(self, by):
        """1: the server goes down; 2: it is back."""
        self.write(DISRUPTIONS, self.read(DISRUPTIONS) + 1)
        self.disrupted_at = time.monotonic() if by == 2 else float("inf")

    def is_working(self):
        return self.process.poll() is None and self.read(PHASE) == WORKING and not self.read(IS_TO_STOP)

    def is_gone(self):
        return self.process.poll() is not None

    def kill(self):
        self.was_killed = True
        self.process.kill()
        self.process.wait()

    def complain(self, what):
        self.violations.append(what)

    # Looks at it before the server is asked: None once it is gone.
    def look(self):
        now = time.monotonic()
        if self.is_gone():
            self.conclude()
            return None
        if now - self.began > self.lifetime:
            self.write(IS_TO_STOP, 1)
        seen = Seen(struct.unpack_from(f"={WORDS}Q", self.page))
        if not self.ends or self.ends[-1][0] < seen.ended:
            self.ends.append((seen.ended, now))
        for thread, beat in enumerate((*seen.beats, seen.phase)):
            if self.beats.get(thread, (None,))[0] != beat:
                self.beats[thread] = beat, now
            elif (beat or self.may_leave) and now - self.beats[thread][1] > HANGS_AFTER * self.slowness and (
                    thread < len(seen.beats) or seen.phase != WORKING):
                self.complain(f"thread {thread} hangs\n{self.stacks()}")
                self.kill()
                break
        return seen

    def judge(self, before, backends, asked):
        """What the server had at a moment after `asked`; `before` was seen before that."""
        after = Seen(struct.unpack_from(f"={WORDS}Q", self.page))
        limit = SWEPT_WITHIN * self.slowness
        for backend in backends:
            state = before.backends.get(backend)
            if state and state == after.backends.get(backend) and state[0] == BOUND:
                late = asked - max(self.ended_at(state[1] + self.grace, asked), self.disrupted_at)
                self.slowest = max(self.slowest, late)
                if late > limit:
                    self.complain(f"backend {backend} of tag {state[1]} is still there, {late:.1f} s after its end")
        if before.phase == QUIET and not self.may_leave:
            self.judge_quiet(after, set(backends), asked)

    def ended_at(self, tag, default):
        return next((when for ended, when in self.ends if ended >= tag), default)

    # It does nothing now: what it has open, its journal and the server have to agree within the limit.
    def judge_quiet(self, seen, backends, now):
        self.told_apart_since = self.told_apart_since or now
        known = live_backends(self.journal) if self.has_journal() else backends
        unproven = {pid for pid, (kind, _) in seen.backends.items() if kind == LOOSE} | self.terminated
        half_open = sum(1 for word in seen.records if word & 3 == BOUND and not word >> 2 & 0x3fffffff)
        strangers = backends - known - unproven
        lost = known - backends - unproven if not self.read(DISRUPTIONS) else set()
        if len(strangers) <= half_open and not lost:
            self.may_leave = True
            self.write(MAY_LEAVE, 1)
        elif now - max(self.told_apart_since, self.disrupted_at) > SWEPT_WITHIN * self.slowness:
            self.complain(f"the server has {sorted(strangers)} that are closed by the journal ({half_open} half-open),"
                          f" and lacks {sorted(lost)} that are open by it")

    def has_journal(self):
        return self.journal not in (None, "/dev/full")

    def stacks(self):
        if not shutil.which("gdb"):
            return "(gdb would show where)"
        return subprocess.run(["gdb", "-p", str(self.process.pid), "-batch", "-ex", "thread apply all backtrace 20"],
                              capture_output=True, text=True, check=False).stdout

    def conclude(self):
        output, errors = self.output.read_text(), self.errors.read_text(errors="replace")
        self.violations += re.findall("^violation: (.*)", output, re.MULTILINE)
        if not self.was_killed and self.process.returncode:
            self.complain(f"ended with {self.process.returncode}\n{errors[-4000:]}")
        if re.search("Sanitizer|runtime error", errors):
            self.complain(errors[:6000])
        if self.has_journal():
            for complaint in complaints(self.journal, self.was_killed):
                self.complain(complaint)

    def take_counts(self):
        if not self.is_gone() or self.counted:
            return Counter()
        self.counted = True
        return Counter({what: int(times) for times, what in
                        re.findall(r"^(\d+) (.*)", self.output.read_text(), re.MULTILINE)})
