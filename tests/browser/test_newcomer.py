"""A newcomer: from the banner of `make run` to a complete post with a card."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.support import free_port, wait_until
from tests.system.rig.processes import SpawnedService, program

from .conftest import MakeVisitor
from .rig.board import Board

#: The actions that a newcomer may need at most.
MOST_ACTIONS = 9

LINK = re.compile(r"http://127\.0\.0\.1:\d+/#key=\S+")


@pytest.fixture
def banner(tmp_path: Path) -> Iterator[str]:
    """What `splitflap up` prints on a new data folder."""
    environ = {"SPLITFLAP_DATA_DIR": str(tmp_path / "data"), "SPLITFLAP_PORT": str(free_port())}
    up = SpawnedService("up", [program("splitflap"), "up"], environ, tmp_path)
    up.start()
    try:
        wait_until(lambda: not up.is_running or LINK.search(up.tail()), up.tail)
        assert up.is_running, up.tail()
        yield up.tail()
    finally:
        up.close()


def test_a_newcomer_gets_a_card_in_few_actions(banner: str, make_visitor: MakeVisitor) -> None:
    """No other machine and no internet are needed."""
    link = LINK.search(banner)
    assert link
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(link[0]))
    visitor = make_visitor(origin)
    actions = 1
    board = Board(visitor, link[0].removeprefix(origin))
    board.tab.get_by_role("button", name=re.compile("example", re.IGNORECASE)).click()
    actions += 1
    expect(board.draft).to_have_value(re.compile(re.escape(f"{origin}/about")))
    board.send.click()
    actions += 1
    post = board.expect_complete("/about")
    expect(post.get_by_role("img")).not_to_have_count(0)
    assert actions <= MOST_ACTIONS
