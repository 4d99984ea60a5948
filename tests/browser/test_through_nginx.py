"""The two pages through nginx, with the configuration and the start script of its image."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Request, expect
from splitflap_web.headers import SECURITY

from tests.servers.fixtures import or_skip
from tests.servers.page_nginx import PageNginx
from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import ADMIN, Stack

from .conftest import EMBEDDED_ONLY, MakeVisitor
from .rig.board import Board
from .rig.fronts import Front
from .rig.ops import Ops
from .rig.watch import Watch
from .test_faults import AWAY, assert_each_once
from .test_ops import put_letters

pytestmark = EMBEDDED_ONLY

#: What the operator's page asks while its stream is silent.
POLL = re.compile("/v1/status$")


@pytest.fixture(scope="module")
def nginx(installations: Callable[[str], list[Front]], page_folder: Path) -> Iterator[PageNginx]:
    """The page of the image, in front of the embedded API."""
    [front] = installations("embedded")
    port = front.stack.ports[front.api]
    with or_skip(lambda: PageNginx(port, page_folder)) as started:
        yield started


@pytest.fixture
def board(make_visitor: MakeVisitor, nginx: PageNginx, key: str, channel: str) -> Board:
    """The board of a new visitor who has typed a key."""
    board = Board(make_visitor(nginx.url), f"/?channel={channel}")
    board.sign_in_with(key)
    return board


@pytest.fixture
def ops(make_visitor: MakeVisitor, nginx: PageNginx) -> Ops:
    """The operator's page of a new visitor."""
    return Ops.of(make_visitor(nginx.url), ADMIN)


def assert_counts(ops: Ops, stack: Stack, client: Client) -> None:
    """A new dead letter appears among the numbers."""
    before = client.get("/v1/status").json()["dead"]
    put_letters(stack, client, 1)
    while ops.number("Results", "dead letters") != before + 1:  # the test's own timeout ends it
        ops.tab.wait_for_timeout(50)


def test_a_post_gets_its_card_through_nginx(
    board: Board, site: Site, client: Client, channel: str
) -> None:
    """What another client posts appears too."""
    board.write(f"with a card {site.url('page/seen')}")
    expect(board.expect_complete("with a card")).to_contain_text("What stands on it")
    client.create_post("of another client", channel)
    board.expect_complete("of another client")


def test_the_numbers_of_the_operator_come_through_nginx(
    ops: Ops, stack: Stack, client: Client
) -> None:
    """They come by the stream. The page polls only without it."""
    expect(ops.tab.get_by_text("Connected: changes appear at once")).to_be_attached()
    polls: list[Request] = []
    ops.tab.on("request", lambda each: polls.append(each) if POLL.search(each.url) else None)
    assert_counts(ops, stack, client)
    assert not polls


def test_the_browser_gets_the_headers_of_nginx(board: Board, ops: Ops) -> None:
    """Chromium obeys the policy among them: the watch sees no violation."""
    for tab in (board.tab, ops.tab):
        response = tab.reload()
        assert response
        headers = response.all_headers()
        assert headers["server"] == "nginx"
        assert headers.items() >= {name.lower(): value for name, value in SECURITY.items()}.items()


def test_a_restart_of_nginx_loses_nothing(
    nginx: PageNginx,
    board: Board,
    ops: Ops,
    stack: Stack,
    client: Client,
    channel: str,
    watch: Watch,
) -> None:
    """Both pages go on by themselves."""
    watch.tolerate(*AWAY)
    board.write("before the kill")
    board.expect_complete("before the kill")
    nginx.kill()
    board.write("while nginx is away")
    expect(board.post("while nginx is away")).to_have_count(1)
    client.create_post("of another client meanwhile", channel)
    nginx.start()
    texts = ["before the kill", "while nginx is away", "of another client meanwhile"]
    assert_each_once(board, client, channel, texts)
    assert_counts(ops, stack, client)


def test_a_killed_api_behind_nginx_loses_nothing(
    board: Board, ops: Ops, stack: Stack, client: Client, channel: str, watch: Watch
) -> None:
    """Meanwhile nginx answers 503."""
    watch.tolerate(*AWAY)
    board.write("before the kill")
    stack.kill("api")
    board.write("while the API is away")
    expect(board.post("while the API is away")).to_have_count(1)
    stack.start("api")
    client.create_post("of another client afterwards", channel)
    texts = ["before the kill", "while the API is away", "of another client afterwards"]
    assert_each_once(board, client, channel, texts)
    assert_counts(ops, stack, client)
