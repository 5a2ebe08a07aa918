"""What the adapters of Python's runners have in common: they report to pqsweep, through the environment, which test is
running and which fixture is set up."""
import contextlib
import os

runner = None  # whose tests run; a run that begins meanwhile, inside a test, is a part of that test
fixtures = [""]  # those that are being set up, the innermost last
data = os.environ._data  # a test can put another object in the place of os.environ; and its own way takes twice as long


def begin_test(test):
    say(b"PQSWEEP_TEST", test)


def end_tests():
    """Has all swept that tests have left open."""
    say(b"PQSWEEP_TEST", "")


@contextlib.contextmanager
def set_up(fixture):
    fixtures.append(fixture)
    say(b"PQSWEEP_FIXTURE", fixture)
    try:
        yield
    finally:
        fixtures.pop()
        say(b"PQSWEEP_FIXTURE", fixtures[-1])


def end_fixture(fixture):
    say(b"PQSWEEP_FIXTURE_END", fixture)
    os.unsetenv(b"PQSWEEP_FIXTURE_END")
    del data[b"PQSWEEP_FIXTURE_END"]
    say(b"PQSWEEP_FIXTURE", fixtures[-1])  # its finaliser can have restored the environment that its set-up met


def say(variable, value):
    text = value.encode("utf-8", "backslashreplace").replace(b"\0", b"(null)")
    if data.get(variable) != text:
        os.putenv(variable, text)
        data[variable] = text
