"""pytest's adapter: reports to pqsweep, through the environment, which test is running and which fixture is set up.

A connection that a fixture of a wider scope than the test opens belongs to that fixture until its last finaliser has run.
What tests left open is swept before the first such finaliser runs.
"""
import os

from pluggy import HookimplMarker

hookimpl = HookimplMarker("pytest")
active = None  # the outermost session's adapter: a run inside a test is a part of that test


def attach(config_module):
    make = config_module.get_config

    def get_config(*args, **kwargs):
        global active
        config = make(*args, **kwargs)
        if active is None:
            active = Adapter()
            config.pluginmanager.register(active, "pqsweep")
            config.add_cleanup(forget)
        return config

    config_module.get_config = get_config


def forget():
    global active
    active = None


def say(variable, value):
    if os.environ.get(variable) != value:
        os.environ[variable] = value


class Adapter:
    def __init__(self):
        self.test = ""  # the running one, with its phase
        self.fixtures = [""]  # those that are being set up, the innermost last
        self.end_tests()

    def begin(self, item, phase):
        self.test = "{} ({})".format(item.nodeid, phase).replace("\x00", "(null)")
        say("PQSWEEP_TEST", self.test)

    def end_tests(self):
        """Has all swept that tests have left open."""
        say("PQSWEEP_TEST", "")

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item):
        self.begin(item, "setup")
        yield

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        self.begin(item, "call")
        yield

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item, nextitem):
        self.begin(item, "teardown")
        self.end_before_collectors_do(item, nextitem)
        yield

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef, request):
        if fixturedef.scope == "function":
            yield
            return
        say("PQSWEEP_TEST", self.test)  # another parameter's instance can have ended just now
        name = "fixture " + "::".join(filter(None, (fixturedef.baseid, fixturedef.argname)))
        # Finalisers run in reverse order: what is registered before the set-up runs after all others.
        fixturedef.addfinalizer(lambda: self.end_fixture(name))
        self.fixtures.append(name)
        say("PQSWEEP_FIXTURE", name)
        yield
        self.fixtures.pop()
        say("PQSWEEP_FIXTURE", self.fixtures[-1])
        fixturedef.addfinalizer(self.end_tests)

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self):
        self.end_tests()
        yield
        self.end_tests()

    def end_fixture(self, name):
        os.environ["PQSWEEP_FIXTURE_END"] = name
        del os.environ["PQSWEEP_FIXTURE_END"]

    def end_before_collectors_do(self, item, nextitem):
        """Registers the end of the tests with each collector that ends with this item and has finalisers of its own."""
        stack = item.session._setupstate.stack
        if not isinstance(stack, dict):  # before pytest 7; fixtures end the tests there, too
            return
        needed = nextitem.listchain() if nextitem else ()
        for node, (finalizers, _) in stack.items():
            if node is not item and node not in needed and len(finalizers) > 1:
                finalizers.append(self.end_tests)
