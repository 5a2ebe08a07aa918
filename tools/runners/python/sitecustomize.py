"""Brings adapters into a Python process, when what they are for is imported: a test runner, threads, or a pool.

`pqsweep run` puts this folder first on PYTHONPATH. Python imports this module at its start, and it imports the next
sitecustomize that there is. Nothing else of the process changes: the folder leaves sys.path, and what is never imported
costs nothing.
"""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
adapters = {
    "_pytest.config": "pqsweep_pytest",
    "unittest.suite": "pqsweep_unittest",
    "threading": "pqsweep_threads",
    "concurrent.futures.thread": "pqsweep_threads",
    "sqlalchemy.dialects.postgresql.psycopg2": "pqsweep_pools",
    "sqlalchemy.dialects.postgresql.psycopg": "pqsweep_pools",
    "psycopg2.pool": "pqsweep_pools",
}


class Finder(object):
    """Finds such a module as all other finders do, and has its adapter attached once the module has run."""

    def find_spec(self, name, path=None, target=None):
        adapter = adapters.pop(name, None)
        if adapter is None:
            return None
        if not adapters:
            sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder is not self and hasattr(finder, "find_spec") and finder.find_spec(name, path, target)
            if spec:
                attach_after(spec.loader, adapter)
                return spec
        return None


def attach_after(loader, adapter):
    run = loader.exec_module

    def exec_module(module):
        run(module)
        attach(adapter, module)

    try:
        loader.exec_module = exec_module
    except AttributeError:  # a loader that is not made of Python
        pass


def attach(adapter, module):
    try:
        load(adapter).attach(module)
    except Exception:  # another version of the module: the run goes on as without an adapter
        pass


def load(name):
    from importlib import import_module

    sys.path.insert(0, here)
    try:
        return import_module(name)
    finally:
        sys.path.remove(here)


def import_next():
    ours = sys.modules.pop(__name__)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if getattr(error, "name", None) != __name__:
            raise
        sys.modules[__name__] = ours


sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) != here]
if sys.version_info >= (3, 7):
    for name in set(adapters).intersection(sys.modules):  # a .pth file has imported it
        attach(adapters.pop(name), sys.modules[name])
    sys.meta_path.insert(0, Finder())
import_next()
