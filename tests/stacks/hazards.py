"""hazards.py CASE [ARGUMENT]

Opens connections where it is hard to look at Python's frames. libpq is called with ctypes, with the GIL (held) and
without it, as drivers do (plain). A comment names the case that its line opens a connection for.
"""
import atexit
import ctypes
import gc
import os
import sys
import threading


def libpq(kind):
    library = kind("libpq.so.5")
    library.PQconnectdb.restype = ctypes.c_void_p
    library.PQconnectdb.argtypes = [ctypes.c_char_p]
    library.PQfinish.argtypes = [ctypes.c_void_p]
    return library


plain, held = libpq(ctypes.CDLL), libpq(ctypes.PyDLL)


def with_gil():
    held.PQconnectdb(b"")    # for with_gil


def in_handler():
    try:
        raise ValueError("the caller's own")
    except ValueError:
        plain.PQconnectdb(b"")    # for in_handler
        held.PQconnectdb(b"")    # for in_handler
        assert str(sys.exc_info()[1]) == "the caller's own"


def deep():
    """More than a pipe can hold."""
    def descend(depth):
        if depth:
            descend(depth - 1)
        else:
            plain.PQconnectdb(b"")    # for deep

    descend.__code__ = descend.__code__.replace(co_name="\u20ac" * 400)
    descend(300)


def threads():
    def connect():
        for _ in range(10):
            plain.PQconnectdb(b"")    # for threads

    def spin():
        while any(thread.is_alive() for thread in connecting):
            pass

    connecting = [threading.Thread(target=connect) for _ in range(8)]
    for thread in connecting:
        thread.start()
    spin()


def thread_of_c():
    libc = ctypes.CDLL(None)
    thread, result = ctypes.c_ulong(), ctypes.c_void_p()
    assert libc.pthread_create(ctypes.byref(thread), None, plain.PQconnectdb, ctypes.c_char_p(b"")) == 0
    assert libc.pthread_join(thread, ctypes.byref(result)) == 0
    assert result.value


def lock(plugin):
    """A library holds its lock while it connects; who waits for the lock has the GIL."""
    def connect():
        ctypes.CDLL(plugin).connect_locked()    # for lock

    thread = threading.Thread(target=connect)
    thread.start()
    ctypes.CDLL(plugin).wait_until_locked()
    ctypes.PyDLL(plugin).wait_for_lock()
    thread.join()


def subinterpreter():
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:    # its name from 3.13 on
        import _interpreters as interpreters

    id = interpreters.create()
    for kind in "CDLL", "PyDLL":
        source = f"import ctypes; ctypes.{kind}('libpq.so.5').PQconnectdb(b'')"
        interpreters.run_string(id, source)    # for subinterpreter


def fork():
    plain.PQconnectdb(b"")    # for fork
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0
    else:
        plain.PQconnectdb(b"")    # for fork
        held.PQconnectdb(b"")    # for fork


def at_exit():
    @atexit.register
    def connect():
        plain.PQconnectdb(b"")    # for at_exit


class Last:
    def __del__(self, plain=plain, held=held):
        plain.PQconnectdb(b"")    # for finalizing
        held.PQconnectdb(b"")    # for finalizing


def finalizing():
    sys.last = Last()    # of a module that lives as long as the interpreter


def daemon():
    """Threads that connect while the interpreter goes away."""
    first = threading.Barrier(9)

    def connect():
        for number in range(100_000):
            plain.PQfinish(plain.PQconnectdb(b"host=/nonexistent" if number else b""))    # for daemon
            if not number:
                first.wait()

    for _ in range(8):
        threading.Thread(target=connect, daemon=True).start()
    first.wait()


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096


def leaks():
    def connect(times):
        for _ in range(times):
            plain.PQfinish(plain.PQconnectdb(b"host=/nonexistent"))
            held.PQfinish(held.PQconnectdb(b"host=/nonexistent"))
        gc.collect()
        return sys.getrefcount(connect.__code__), len(gc.get_objects()), len(os.listdir("/proc/self/fd"))

    connect(100)    # what is made once
    before, memory = connect(2000), resident()
    assert connect(10_000) == before
    assert resident() - memory < 300_000


globals()[sys.argv[1]](*sys.argv[2:])
print("done", flush=True)
