"""What a table full of connections costs."""

import pathlib
import re
import tempfile

from measuring import environment, run

LIVE, TAGS = 65_000, 10_000
TURNOVER = 1_000_000
OVERFLOW = 1_000


def numbers(program, env, *arguments):
    return [[float(number) for number in line.split()]
            for line in run([program, *map(str, arguments)], env).stdout.splitlines()]


def live(program, alone, hooked):
    yield f"{f'Scale: {TAGS:,} tags, CPU ns':26} {'opening one':>20} {'using any':>20}  bytes for"
    yield f"{'connections live':26} direct hooked  added direct hooked  added   each one"
    for direct, ours in zip(*(numbers(program, env, "live", LIVE, TAGS) for env in (alone, hooked))):
        yield (f"{direct[0]:26,.0f} {direct[1]:6.0f} {ours[1]:6.0f} {ours[1] - direct[1]:+6.0f}"
               f" {direct[2]:6.0f} {ours[2]:6.0f} {ours[2] - direct[2]:+6.0f} {(ours[3] - direct[3]) / direct[0]:10.0f}")


def turnover(program, alone, hooked):
    direct, ours = ([tenth for tenth, in numbers(program, env, "turnover", TURNOVER)] for env in (alone, hooked))
    yield (f"{TURNOVER:,} opened and closed: {direct[0]:.0f} ns direct, {ours[0]:.0f} hooked, the last tenth to the first"
           f" {ours[-1] / ours[0]:.2f}")


def overflow(program, hooked):
    done = run([program, "overflow", str(OVERFLOW)], hooked | {"PQSWEEP_REPORT": "always"})
    said = re.search(r".*more connections than.*", done.stderr)
    yield f"{OVERFLOW:,} more than the table holds: {int(done.stdout):,} work; the summary says:"
    yield said[0] if said else "  nothing"


def scale(build, shim):
    program = build / "bench" / "scale"
    with tempfile.TemporaryDirectory(prefix="pqsweep-bench.") as directory:
        (pathlib.Path(directory) / "libpq.so.5").symlink_to(build / "bench" / "fake" / "libpq.so")
        alone = environment(LD_LIBRARY_PATH=directory)
        hooked = alone | {"LD_PRELOAD": str(shim), "PQSWEEP_KEEP": "tag=*"}
        yield from live(program, alone, hooked)
        yield from turnover(program, alone, hooked)
        yield from overflow(program, hooked)
