"""What the shim adds to programs that never see PostgreSQL."""

import os
import time
from statistics import median

from measuring import environment, median_difference, median_ratio, refuse, run

STARTS = {
    "/bin/true": (["/bin/true"], 600),
    "python3 -c pass": (["/usr/bin/python3", "-c", "pass"], 120),
}


def start(command, env):
    began = time.perf_counter()
    status = os.waitpid(os.posix_spawn(command[0], command, env), 0)[1]
    ended = time.perf_counter()
    if status != 0:
        refuse(f"{' '.join(command)}: wait status {status}")
    return (ended - began) * 1e6


def startups(build, shim):
    yield "Start to end, us      alone  empty .so  pqsweep  to empty  added"
    environments = [environment(), environment(LD_PRELOAD=str(build / "bench" / "fake" / "empty.so")),
                    environment(LD_PRELOAD=str(shim))]
    for env in environments:
        if complaint := run(["/bin/true"], env).stderr:
            refuse(complaint.strip())
    for name, (command, times) in STARTS.items():
        columns = [[], [], []]
        for number in range(3 * times):
            which = (number + number // 3) % 3
            columns[which].append(start(command, environments[which]))
        alone, empty, pqsweep = columns
        yield (f"{name:18} {median(alone):8.0f} {median(empty):10.0f} {median(pqsweep):8.0f}"
               f" {median_ratio(pqsweep, empty):9.3f} {median_difference(pqsweep, empty):+6.0f}")
