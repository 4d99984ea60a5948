"""Fixtures: Chromium, the watch over its pages, visitors, and the stacks that serve the page."""

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error
from splitflap_web.site import build

from tests.servers.fixtures import or_skip
from tests.system.rig.backends import MakeBackend
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import ADMIN, Stack, running

from .rig import axe, chromium
from .rig.board import Board
from .rig.chromium import Chromium
from .rig.fronts import Front, fronts
from .rig.ops import Ops
from .rig.visitor import Visitor
from .rig.watch import Watch

MakeVisitor = Callable[..., Visitor]

#: For tests of the page alone, whose result no back end can change.
EMBEDDED_ONLY = pytest.mark.parametrize("all_fronts", ["embedded"], indirect=True)

#: Milliseconds for the text of a tab beside a failure.
SNAPSHOT_MS = 5000

_numbers = itertools.count(1)
#: A failure shows their tabs and logs.
_visitors: list[Visitor] = []
_stacks: list[Stack] = []


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


@pytest.fixture(scope="package")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that APIs serve."""
    return build(tmp_path_factory.mktemp("site") / "page")


@pytest.fixture(scope="package")
def installations(
    make_backend: MakeBackend, page_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], list[Front]]]:
    """The fronts of the stack on a back end, started when it is first asked for."""
    with ExitStack() as exits:
        started: dict[str, list[Front]] = {}

        def get(name: str) -> list[Front]:
            if name not in started:
                folder = tmp_path_factory.mktemp(name)
                context = running(make_backend(name), folder, PAGE=str(page_folder))
                stack = exits.enter_context(context)
                _stacks.append(stack)
                started[name] = fronts(stack, exits)
            return started[name]

        yield get
        _stacks.clear()


@pytest.fixture(params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def all_fronts(
    request: pytest.FixtureRequest, installations: Callable[[str], list[Front]]
) -> Iterator[list[Front]]:
    """What browsers connect to, on each back end in turn: one API embedded, two on servers."""
    found = installations(request.param)
    yield found
    for front in found:
        front.proxy.mend()
    found[0].stack.start_ended()


@pytest.fixture
def stack(all_fronts: list[Front]) -> Stack:
    """All services behind the fronts."""
    return all_fronts[0].stack


@pytest.fixture
def front(all_fronts: list[Front]) -> Front:
    """The front of the first API."""
    return all_fronts[0]


@pytest.fixture
def client(stack: Stack) -> Client:
    """A client of the first API, with every scope."""
    return stack.client()


@pytest.fixture
def key(client: Client) -> str:
    """A key of an account that only this test uses, to read and to write."""
    made = client.new_key(f"account-{next(_numbers)}", "read", "write")
    return str(made["key"])


@pytest.fixture
def channel() -> str:
    """The name of a channel that only this test uses."""
    return f"browser-{next(_numbers)}"


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """A web server with pages for previews."""
    with Site() as started:
        yield started


@pytest.fixture
def board(make_visitor: MakeVisitor, front: Front, key: str, channel: str) -> Board:
    """The board of a new visitor who has signed in, at this test's channel."""
    return Board.of(make_visitor(front.origin), key, channel)


@pytest.fixture
def ops(make_visitor: MakeVisitor, front: Front) -> Ops:
    """The operator's page of a new visitor who has signed in with every scope."""
    return Ops.of(make_visitor(front.origin), ADMIN)


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
            with contextlib.suppress(Error):  # the tab has crashed, or has too much on it
                text = tab.locator("body").aria_snapshot(timeout=SNAPSHOT_MS)
                report.sections.append((f"tab {tab.url}", text))
        for each in _stacks:
            report.sections += [(f"log of {name}", text) for name, text in each.logs()]
    return report
