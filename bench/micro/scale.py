"""Measures a table full of connections."""

import re

from measuring import environment, fake_libpq, run

LIVE, TAGS = 65_000, 10_000
TURNOVER = 1_000_000
OVERFLOW = 1_000


def numbers(program, env, *arguments):
    return [[float(number) for number in line.split()]
            for line in run([program, *map(str, arguments)], env).stdout.splitlines()]


def live(program, alone, hooked):
    direct, ours = (list(zip(*numbers(program, env, "live", LIVE, TAGS))) for env in (alone, hooked))
    opening, few, any_ = ([our - their for our, their in zip(ours[which], direct[which])] for which in (1, 2, 3))
    bytes_for = [(our - their) / count for count, our, their in zip(direct[0], ours[4], direct[4])]
    yield (f"{f'Scale: {TAGS:,} tags, CPU ns':24} {'opening one':>20} {'using one of ten':>20} {'using any':>20}"
           f" {'bytes for':>10}")
    yield f"{'connections live':24}{' direct hooked  added' * 3}   each one"
    for row, each_one in enumerate(bytes_for):
        cells = " ".join(f"{direct[which][row]:6.0f} {ours[which][row]:6.0f} {added[row]:+6.0f}"
                         for which, added in ((1, opening), (2, few), (3, any_)))
        yield f"{direct[0][row]:24,.0f} {cells} {each_one:10.0f}"
    yield (f"What is added, the last to the first: {opening[-1] / opening[0]:.2f}, {few[-1] / few[0]:.2f}"
           f" and {any_[-1] / any_[0]:.2f}; any is in no cache.")
    yield f"Bytes for each, with all of them: {bytes_for[-1]:.0f}, to reach: 512."


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
    with fake_libpq(build) as variables:
        alone = environment(**variables)
        hooked = alone | {"LD_PRELOAD": str(shim), "PQSWEEP_KEEP": "tag=*"}
        yield from live(program, alone, hooked)
        yield from turnover(program, alone, hooked)
        yield from overflow(program, hooked)
