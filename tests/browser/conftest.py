"""Fixtures: Chromium, the watch over its pages, visitors, and the stacks that serve the page."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.servers.fixtures import or_skip

from .rig import axe, chromium
from .rig.chromium import Chromium
from .rig.visitor import Visitor
from .rig.watch import Watch

MakeVisitor = Callable[..., Visitor]

_visitors: list[Visitor] = []


# Playwright's event loop runs while this fixture lives. Later tests use asyncio.run, which refuses
# to run beside it, so it must end with this folder.
@pytest.fixture(scope="package")
def browser() -> Iterator[Chromium]:
    """Debian's Chromium."""
    or_skip(chromium.program)
    with chromium.running() as started:
        yield started


@pytest.fixture
def watch(browser: Chromium) -> Iterator[Watch]:
    """The faults of all pages during a test. The end of the test asserts that there are none."""
    watch = Watch(browser)
    yield watch
    try:
        watch.check()
    finally:
        watch.close()


@pytest.fixture
def make_visitor(browser: Chromium, watch: Watch) -> Iterator[MakeVisitor]:
    """Make a visitor of an origin: `make_visitor(url, viewport=...)`."""
    with ExitStack() as exits:

        def make(origin: str, **options: Any) -> Visitor:
            visitor = Visitor(browser, watch, origin, **options)
            exits.callback(visitor.close)
            _visitors.append(visitor)
            return visitor

        yield make
        _visitors.clear()


@pytest.fixture(scope="session")
def axe_script() -> str:
    """The script of axe-core."""
    return or_skip(axe.source)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what each open tab says beside a failure."""
    report = yield
    if report.failed and call.when == "call":
        for tab in (tab for visitor in _visitors for tab in visitor.tabs):
            report.sections.append((f"tab {tab.url}", tab.locator("body").aria_snapshot()))
    return report
