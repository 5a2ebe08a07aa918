"""Puts the lines that started a thread, or gave a task to a pool of threads, at the bottom of the stack that runs it. A connection that is
opened there has the test and the maker of the pool in its chain.

The shim reads the stack, and only that. So the thread runs behind functions that have the names and lines of the starter's.
They are below the code that handles a thread's exceptions, so no traceback shows them.
"""
import functools
import os
import sys
import types

most = 8
library = os.path.dirname(os.__file__) + os.sep
stand_in = (lambda run: run()).__code__


def is_of_program(file):
    return not (file.startswith((library, "<")) or "-packages/" in file or "/runners/python/pqsweep_" in file)


def lines_of(frame):
    """The innermost first."""
    lines = []
    while frame is not None and len(lines) < most:
        code = frame.f_code
        if is_of_program(code.co_filename):
            lines.append((code.co_filename, frame.f_lineno or 0, code.co_name))
        frame = frame.f_back
    return lines


def behind(lines, run):
    chain = run
    try:
        for file, line, name in lines:
            code = stand_in.replace(co_filename=file, co_firstlineno=line, co_name=name)
            if hasattr(code, "co_qualname"):
                code = code.replace(co_qualname=name)
            chain = functools.partial(types.FunctionType(code, {}), chain)
        return chain
    except Exception:  # an audit hook forbids new code: the thread starts as without these lines
        return run


def attach(module):
    if hasattr(stand_in, "replace"):  # Python 3.8
        {"threading": attach_to_threads, "concurrent.futures.thread": attach_to_tasks}[module.__name__](module)


def attach_to_threads(threading):
    start, body = threading.Thread.start, threading.Thread._bootstrap_inner

    @functools.wraps(start)
    def start_noted(self):
        caller = sys._getframe().f_back  # none, if code in C calls
        file = caller.f_code.co_filename if caller else ""
        if not file.endswith("/concurrent/futures/thread.py"):  # its tasks have lines of their own
            vars(self)["_pqsweep_lines"] = lines_of(caller)
        start(self)

    @functools.wraps(body)
    def body_behind(self):
        behind(vars(self).pop("_pqsweep_lines", ()), functools.partial(body, self))()

    threading.Thread.start, threading.Thread._bootstrap_inner = start_noted, body_behind


def attach_to_tasks(futures):
    create, run = futures._WorkItem.__init__, futures._WorkItem.run

    @functools.wraps(create)
    def create_noted(self, *args, **kwargs):
        create(self, *args, **kwargs)
        self._pqsweep_lines = lines_of(sys._getframe().f_back)

    @functools.wraps(run)
    def run_behind(self, *args):
        behind(vars(self).pop("_pqsweep_lines", ()), functools.partial(run, self, *args))()

    futures._WorkItem.__init__, futures._WorkItem.run = create_noted, run_behind
