"""The stream of the board in unusual browsers: one without shared workers, and wrong clocks."""

import pytest
from playwright.sync_api import Route, expect

from tests.system.rig.client import Client

from .conftest import EMBEDDED_ONLY, MakeVisitor
from .rig.board import Board
from .rig.fronts import Front
from .rig.watch import Watch
from .test_faults import AWAY, go_offline, go_online

#: Runs before the page's modules: Chromium on Android has no shared workers.
NO_SHARED_WORKER = "delete globalThis.SharedWorker"

#: Shifts the browser's clock by some milliseconds.
SHIFT_CLOCK = """
globalThis.Date = class extends Date {{
    constructor(...values) {{ super(...(values.length ? values : [new.target.now()])); }}
    static now() {{ return super.now() + {shift}; }}
}};
"""
HOUR_MS = 3_600_000


def test_a_browser_without_shared_workers_follows_and_resumes(
    make_visitor: MakeVisitor, front: Front, client: Client, key: str, channel: str, watch: Watch
) -> None:
    """Each of its tabs has a stream of its own."""
    watch.tolerate(*AWAY)
    visitor = make_visitor(front.origin)
    visitor.context.add_init_script(NO_SHARED_WORKER)
    board = Board.of(visitor, key, channel)
    assert board.tab.evaluate("typeof SharedWorker") == "undefined"
    other = Board.of(
        make_visitor(front.origin), client.new_key("other", "read", "write")["key"], channel
    )
    live = board.tab.get_by_role("status").filter(has_text="changes appear at once")
    expect(live).to_be_attached()
    other.write("written by another visitor")
    board.expect_complete("written by another visitor")
    go_offline(visitor, front)
    expect(live).to_have_count(0)
    client.create_post("missed while offline", channel)
    go_online(visitor, front)
    board.expect_complete("missed while offline")
    other.expect_complete("missed while offline")
    expect(board.posts).to_have_count(2)


@EMBEDDED_ONLY
@pytest.mark.parametrize("shift", [HOUR_MS, -HOUR_MS])
def test_a_wrong_clock_doubles_and_hides_no_post(
    shift: int, make_visitor: MakeVisitor, front: Front, key: str, channel: str
) -> None:
    """The stream is faster than the response. Then the same words are sent again."""
    visitor = make_visitor(front.origin)
    visitor.context.add_init_script(SHIFT_CLOCK.format(shift=shift))
    board = Board.of(visitor, key, channel)
    held: list[Route] = []

    def wait_for_request() -> Route:
        while not held:  # the test's own timeout ends it
            board.tab.wait_for_timeout(20)
        return held.pop()

    def hold(route: Route) -> None:
        held.append(route)

    board.tab.route("**/v1/posts", hold, times=2)
    board.write("the same words")
    first = wait_for_request()
    response = first.fetch()
    board.expect_complete("the same words")
    expect(board.posts).to_have_count(1)
    first.fulfill(response=response)
    board.write("the same words")
    second = wait_for_request()
    expect(board.posts).to_have_count(2)
    second.continue_()
    expect(board.posts.get_by_role("img", name="State: complete")).to_have_count(2)
