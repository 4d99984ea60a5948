"""Faults between the page and its server: nothing is lost, and nothing is there twice."""

from collections.abc import Iterable

from playwright.sync_api import Request, Route, expect

from tests.system.rig.client import Client
from tests.system.rig.stack import Stack

from .conftest import MakeVisitor
from .rig.board import Board
from .rig.fronts import Front
from .rig.visitor import Visitor
from .rig.watch import Watch

#: What the browser logs while the server is away.
AWAY = (r"net::ERR_(CONNECTION|EMPTY|INCOMPLETE|INTERNET|SOCKET|NETWORK)", r"status of 50[234]")


def go_offline(visitor: Visitor, front: Front) -> None:
    """Take the network away: from tabs, and from shared workers, which Playwright cannot reach."""
    front.proxy.refuse()
    visitor.context.set_offline(True)


def go_online(visitor: Visitor, front: Front) -> None:
    """Give the network back."""
    front.proxy.mend()
    visitor.context.set_offline(False)


def assert_each_once(board: Board, client: Client, channel: str, texts: Iterable[str]) -> None:
    """Each text is one post, on the page and in the API, and there are no others."""
    texts = list(texts)
    for text in texts:
        board.expect_complete(text)
    expect(board.posts).to_have_count(len(texts))
    assert sorted(post["text"] for post in client.posts(channel)) == sorted(texts)


def test_a_killed_api_loses_and_doubles_nothing(
    stack: Stack, client: Client, board: Board, channel: str, watch: Watch
) -> None:
    """It is killed before the results of the first posts, and while others are sent."""
    watch.tolerate(*AWAY)
    stack.kill("renderer")
    before = [f"sent before the kill {n}" for n in range(4)]
    for text in before:
        board.write(text)
        expect(board.post(text)).to_have_count(1)
    stack.kill("api")
    during = [f"written after the kill {n}" for n in range(3)]
    for text in during:
        board.write(text)
        expect(board.post(text)).to_have_count(1)
    stack.start("api", "renderer")
    assert_each_once(board, client, channel, before + during)
    board.tab.reload()
    assert_each_once(board, client, channel, before + during)


def test_a_lost_response_doubles_nothing(
    board: Board, client: Client, channel: str, watch: Watch
) -> None:
    """The API has the post, and the page repeats its request."""
    watch.tolerate("net::ERR_FAILED")
    keys: list[str | None] = []

    def lose(route: Route, request: Request) -> None:
        if request.method != "POST":
            route.continue_()
            return
        response = route.fetch()
        if len(keys) < 2:
            route.abort()
        else:
            route.fulfill(response=response)
        keys.append(request.headers.get("idempotency-key"))

    board.tab.route("**/v1/posts", lose)
    board.write("answered at the third time")
    while len(keys) < 3:  # the test's own timeout ends it
        board.tab.wait_for_timeout(50)
    board.tab.unroute_all()
    assert_each_once(board, client, channel, ["answered at the third time"])
    assert len(set(keys)) == 1


def test_a_post_written_offline_arrives_once(
    board: Board, front: Front, client: Client, channel: str, watch: Watch
) -> None:
    """What others wrote meanwhile is there too."""
    watch.tolerate(*AWAY)
    board.write("written online")
    board.expect_complete("written online")
    visitor = board.visitor
    go_offline(visitor, front)
    board.write("written offline")
    expect(board.post("written offline")).to_have_count(1)
    client.create_post("written elsewhere", channel)
    go_online(visitor, front)
    assert_each_once(
        board, client, channel, ["written online", "written elsewhere", "written offline"]
    )


def test_a_post_written_offline_survives_a_reload(
    board: Board, front: Front, client: Client, channel: str, watch: Watch
) -> None:
    """The tab is closed before the network is back."""
    watch.tolerate(*AWAY)
    visitor = board.visitor
    go_offline(visitor, front)
    board.write("kept in the browser")
    expect(board.post("kept in the browser")).to_have_count(1)
    board.tab.close()
    go_online(visitor, front)
    again = Board(visitor, f"/?channel={channel}")
    assert_each_once(again, client, channel, ["kept in the browser"])


def test_a_silent_network_is_found_out(
    make_visitor: MakeVisitor, front: Front, key: str, client: Client, channel: str, watch: Watch
) -> None:
    """Connections that break without a word resume: the page shows what came meanwhile."""
    watch.tolerate(*AWAY)
    board = Board.of(make_visitor(front.origin), key, channel)
    front.proxy.cut()
    client.create_post("came while it was cut off", channel)
    board.expect_complete("came while it was cut off")


def test_a_page_back_from_the_cache_sees_what_it_missed(
    board: Board, client: Client, channel: str
) -> None:
    """Another tab kept the shared stream, so the page gets neither a new one nor a gap."""
    expect(Board(board.visitor, f"/?channel={channel}").draft).to_be_visible()
    board.write("before")
    board.expect_complete("before")
    board.tab.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    client.create_post("missed", channel)
    board.tab.wait_for_timeout(500)  # events that the page would get
    expect(board.post("missed")).to_have_count(0)
    board.tab.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    board.expect_complete("missed")


#: Overwrites the drafts and the outbox. Returns the number of drafts.
OVERWRITE = """value => {
    const drafts = Object.keys(localStorage).filter(name => name.startsWith('splitflap.draft.'));
    for (const name of [...drafts, 'splitflap.outbox']) localStorage.setItem(name, value);
    return drafts.length;
}"""


def test_a_strange_draft_leaves_the_board_usable(
    board: Board, client: Client, channel: str
) -> None:
    """Other pages of the origin may have written into the storage."""
    for stored in ("[]", '{"text": 5}', "null"):
        board.draft.fill("a draft and its item")
        # A reload during the preview's request would end it.
        expect(board.tab.get_by_role("group", name="Preview")).to_contain_text("its item")
        assert board.tab.evaluate(OVERWRITE, stored)
        board.tab.reload()
        expect(board.draft).to_have_value("")
    board.write("sent all the same")
    assert_each_once(board, client, channel, ["sent all the same"])
