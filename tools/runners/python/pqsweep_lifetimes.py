"""What the adapters of Python's runners have in common: they report to pqsweep, through the environment, which test is
running and which fixture is set up."""
import contextlib
import os

runner = None  # whose tests run; a run that begins meanwhile, inside a test, is a part of that test
fixtures = [""]  # those that are being set up, the innermost last


def begin_test(test):
    say("PQSWEEP_TEST", test)


def end_tests():
    """Has all swept that tests have left open."""
    say("PQSWEEP_TEST", "")


@contextlib.contextmanager
def set_up(fixture):
    fixtures.append(fixture)
    say("PQSWEEP_FIXTURE", fixture)
    try:
        yield
    finally:
        fixtures.pop()
        say("PQSWEEP_FIXTURE", fixtures[-1])


def end_fixture(fixture):
    os.environ["PQSWEEP_FIXTURE_END"] = fixture
    del os.environ["PQSWEEP_FIXTURE_END"]


def say(variable, value):
    if os.environ.get(variable) != value:
        os.environ[variable] = value
