"""unittest's adapter, also Django's: the tag is the module; set-ups of modules and classes are fixtures."""
import functools
import sys
import unittest

import pqsweep_lifetimes as lifetimes


def attach(suite_module):
    suite, case = suite_module.TestSuite, sys.modules["unittest.case"].TestCase
    wrapped = (
        (suite, "run", run_suite),
        (suite, "_handleModuleFixture", at_first_test(set_up_module)),
        (suite, "_handleModuleTearDown", tear_down_module),
        (suite, "_handleClassSetUp", at_first_test(set_up_class)),
        (suite, "_tearDownPreviousClass", at_first_test(tear_down_class)),
        (case, "run", run_test),
    )
    if all(hasattr(owner, name) for owner, name, _ in wrapped):
        for owner, name, wrapper in wrapped:
            original = getattr(owner, name)
            setattr(owner, name, functools.wraps(original)(wrapper(original)))


def at_first_test(wrapper):
    """unittest calls these methods before each test. They have something to do when its class is another one."""

    def wrap(original):
        def wrapped(self, test, result):
            if lifetimes.runner or type(test) is getattr(result, "_previousTestClass", None):
                return original(self, test, result)
            return wrapper(original, self, test, result)

        return wrapped

    return wrap


def name_of(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def run_suite(original):
    def run(self, result, *args, **kwargs):
        is_outermost = not (lifetimes.runner or getattr(result, "_testRunEntered", False))
        try:
            return original(self, result, *args, **kwargs)
        finally:
            if is_outermost:
                lifetimes.end_tests()

    return run


def run_test(original):
    def run(self, *args, **kwargs):
        if lifetimes.runner:
            return original(self, *args, **kwargs)
        cls = type(self)
        lifetimes.begin_test(f"{cls.__module__}::{cls.__qualname__}.{self._testMethodName}")
        lifetimes.runner = "a test"
        try:
            return original(self, *args, **kwargs)
        finally:
            lifetimes.runner = None

    return run


def set_up_module(original, self, test, result):
    module = type(test).__module__
    if module == self._get_previous_module(result):
        return original(self, test, result)
    with lifetimes.set_up("fixture setUpModule of " + module):
        return original(self, test, result)


def tear_down_module(original):
    def tear_down(self, result):
        if lifetimes.runner:
            return original(self, result)
        lifetimes.end_tests()
        with lifetimes.set_up(""):
            original(self, result)
        lifetimes.end_fixture("fixture setUpModule of {}".format(self._get_previous_module(result)))

    return tear_down


def set_up_class(original, self, test, result):
    with lifetimes.set_up("fixture setUpClass of " + name_of(type(test))):
        return original(self, test, result)


def tear_down_class(original, self, test, result):
    previous = getattr(result, "_previousTestClass", None)
    if previous is None:
        return original(self, test, result)
    if has_finalisers(previous):
        lifetimes.end_tests()
    original(self, test, result)
    lifetimes.end_fixture("fixture setUpClass of " + name_of(previous))


def has_finalisers(cls):
    if getattr(cls, "_class_cleanups", None):
        return True
    tear_down = getattr(getattr(cls, "tearDownClass", None), "__func__", None)
    return tear_down not in (None, unittest.TestCase.tearDownClass.__func__)
