"""pytest's adapter: the tag is the file; a fixture of a wider scope than the test lives until its last finaliser has run.

What tests left open is swept before the first finaliser of any wider scope runs.
"""
import functools

from pluggy import HookimplMarker

import pqsweep_lifetimes as lifetimes

hookimpl = HookimplMarker("pytest")


def attach(config_module):
    make = config_module.get_config

    def get_config(*args, **kwargs):
        config = make(*args, **kwargs)
        if lifetimes.runner is None:
            lifetimes.runner = "pytest"
            adapter = Adapter()
            config.pluginmanager.register(adapter, "pqsweep")
            for hook in config.hook.pytest_fixture_setup.get_hookimpls():
                if hook.plugin_name == "fixtures":  # pytest's own; a hook wrapper costs eight times as much, for each fixture
                    hook.function = functools.partial(adapter.set_up_fixture, hook.function)
            config.add_cleanup(forget)
        return config

    config_module.get_config = get_config


def forget():
    lifetimes.runner = None


class Adapter:
    def __init__(self):
        self.test = ""  # the running one; the shim takes its phase from pytest's own variable
        self.fixtures = set()  # the names of those that are set up
        lifetimes.end_tests()

    @hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):  # before the wrappers of the test's set-up
        self.test = item.nodeid
        lifetimes.begin_test(self.test)

    @hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):  # a plugin runs it again, or in a protocol of its own
        self.pytest_runtest_protocol(item)

    @hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item, nextitem):
        if nextitem is None or nextitem.parent is not item.parent:
            end_tests_with_collectors(item, nextitem)

    def set_up_fixture(self, set_up, fixturedef, request):
        __tracebackhide__ = True
        try:
            if hasattr(request.node, "runtest"):  # it ends with the test, as one of class scope does where there is no class
                return set_up(fixturedef, request)
            return self.set_up_wider_fixture(set_up, fixturedef, request)
        except BaseException as error:  # --tb=native shows hidden frames, too
            error.__traceback__ = past_adapter(error.__traceback__)
            raise

    def set_up_wider_fixture(self, set_up, fixturedef, request):
        __tracebackhide__ = True
        lifetimes.begin_test(self.test)  # it is over if another parameter's instance has just been finalised
        name = "fixture " + "::".join(filter(None, (fixturedef.baseid, fixturedef.argname)))
        while name in self.fixtures:  # which this one overrides and uses
            name += ", overridden"
        self.fixtures.add(name)
        # Finalisers run in reverse order: what is registered before the set-up runs after all others.
        fixturedef.addfinalizer(lambda: self.end_fixture(name))
        try:
            with lifetimes.set_up(name):
                return set_up(fixturedef, request)
        finally:
            fixturedef.addfinalizer(lifetimes.end_tests)

    def end_fixture(self, name):
        self.fixtures.discard(name)
        lifetimes.end_fixture(name)

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self):
        lifetimes.end_tests()
        yield
        lifetimes.end_tests()


def past_adapter(traceback):
    while traceback.tb_next and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def end_tests_with_collectors(item, nextitem):
    """Registers the end of the tests with each collector that ends with this item and has finalisers."""
    stack = item.session._setupstate.stack
    if not isinstance(stack, dict):  # before pytest 7; there fixtures alone end the tests
        return
    needed = nextitem.listchain() if nextitem else ()
    for node, (finalizers, _) in stack.items():
        if node is not item and node not in needed and len(finalizers) > 1:
            finalizers.append(lifetimes.end_tests)
