"""Fixtures: a stack on each back end, clients of it, and its logs beside a failure."""

import itertools
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.servers.server import Server, listens
from tests.system.rig.backends import MakeBackend
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import Stack, running

MakeStack = Callable[..., Stack]

_numbers = itertools.count(1)
#: All running stacks: a failure shows their logs.
_stacks: list[Stack] = []


@pytest.fixture(
    scope="session", params=["embedded", pytest.param("servers", marks=pytest.mark.servers)]
)
def stack(
    request: pytest.FixtureRequest,
    make_backend: MakeBackend,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """All services, on each back end in turn. A test leaves them all running."""
    with running(make_backend(request.param), tmp_path_factory.mktemp(request.param)) as started:
        _stacks.append(started)
        yield started
        _stacks.remove(started)


@pytest.fixture
def make_stack(make_backend: MakeBackend, tmp_path: Path) -> Iterator[MakeStack]:
    """Make stacks for one test, with settings of their own."""
    with ExitStack() as exits:
        made: list[Stack] = []

        def make(backend: str, **options: Any) -> Stack:
            folder = tmp_path / f"stack-{len(made)}"
            folder.mkdir()
            new = exits.enter_context(running(make_backend(backend), folder, **options))
            made.append(new)
            _stacks.append(new)
            return new

        yield make
        for each in made:
            _stacks.remove(each)


def only(backend: str) -> pytest.MarkDecorator:
    """Run a test on one back end only. It is deselected, not skipped, on the other one."""
    return pytest.mark.only_on(backend)


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark of `only`."""
    config.addinivalue_line("markers", "only_on(backend): runs on this back end only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests that `only` restricts to the other back end."""
    deselected = [item for item in items if _is_for_the_other_backend(item)]
    config.hook.pytest_deselected(items=deselected)
    items[:] = [item for item in items if item not in deselected]


def _is_for_the_other_backend(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("only_on")
    callspec = getattr(item, "callspec", None)
    return bool(mark and callspec and callspec.params.get("stack") != mark.args[0])


@pytest.fixture(autouse=True)
def _start_ended_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test, start servers and services that it has left dead."""
    names = request.fixturenames
    stack: Stack | None = request.getfixturevalue("stack") if "stack" in names else None
    servers: list[Server] = []
    if stack and not stack.backend.is_embedded:
        servers = [request.getfixturevalue(f"{name}_server") for name in ("postgres", "rabbitmq")]
    yield
    for server in servers:
        if not listens(server.port):
            server.restart()
    if stack:
        stack.start_ended()


@pytest.fixture
def client(stack: Stack) -> Client:
    """A client of the first API, with every scope."""
    return stack.client()


@pytest.fixture
def channel() -> str:
    """The name of a channel that only this test uses."""
    return f"test-{next(_numbers)}"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A web server with pages for previews."""
    with Site() as started:
        yield started


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every service's log beside a failure."""
    report = yield
    if report.failed:
        for each in _stacks:
            report.sections += [(f"log of {name}", text) for name, text in each.logs()]
    return report
