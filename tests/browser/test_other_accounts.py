"""Links with a key, and two accounts in one browser: nobody acts as somebody else unawares."""

import pytest
from playwright.sync_api import expect

from tests.system.rig.client import Client
from tests.system.rig.stack import ADMIN

from .conftest import EMBEDDED_ONLY, MakeVisitor
from .rig.board import Board
from .rig.fronts import Front
from .rig.ops import Ops
from .rig.watch import Watch

pytestmark = EMBEDDED_ONLY

REFUSED = "status of 401"


@pytest.fixture
def other(client: Client, channel: str) -> str:
    """The key of another account."""
    return str(client.new_key(f"other-{channel}", "read", "write")["key"])


@pytest.mark.parametrize("path", ["/?channel=general", "/ops"])
def test_a_link_with_another_account_asks_first(
    path: str, make_visitor: MakeVisitor, front: Front, other: str
) -> None:
    """Another site may have such a link: posts would go out under the name of its author."""
    visitor = make_visitor(front.origin)
    Ops.of(visitor, ADMIN)
    tab = visitor.open(f"{path}#key={other}")
    question = tab.get_by_role("dialog", name="Change the account?")
    expect(question.get_by_role("button", name="Stay admin")).to_be_focused()
    assert other not in tab.url
    tab.keyboard.press("Enter")
    expect(question).to_be_hidden()
    expect(tab.locator("page-header")).to_contain_text("admin")
    tab.reload()
    expect(tab.locator("page-header")).to_contain_text("admin")


def test_a_link_with_another_account_signs_in_on_request(
    board: Board, front: Front, other: str, channel: str
) -> None:
    """The link may come while the page is open."""
    board.tab.goto(f"{front.origin}/?channel={channel}#key={other}")
    board.tab.get_by_role("button", name="Use the key of the link").click()
    expect(board.tab.locator("page-header")).to_contain_text(f"other-{channel}")
    board.write("by the other account")
    expect(board.expect_complete("by the other account")).to_contain_text(f"other-{channel}")


def test_a_link_with_a_key_of_the_same_account_asks_nothing(
    board: Board, client: Client, front: Front, channel: str, watch: Watch
) -> None:
    """`make run` prints one at each start. A request of the session before may be refused."""
    watch.tolerate(REFUSED)
    account = board.tab.locator("page-header .account span").inner_text()
    another = client.new_key(account, "read")["key"]
    board.tab.goto(f"{front.origin}/?channel={channel}#key={another}")
    expect(board.draft).to_be_hidden()  # the new key may only read
    expect(board.tab.locator("page-header")).to_contain_text(account)


def test_a_link_with_a_wrong_key_ends_no_session(
    board: Board, front: Front, channel: str, watch: Watch
) -> None:
    """The tab that opens it shows the board as before."""
    watch.tolerate(REFUSED)
    again = Board(board.visitor, f"/?channel={channel}#key=sf_wrong")
    expect(again.draft).to_be_visible()


def test_a_link_with_a_wrong_key_says_so_to_a_newcomer(
    make_visitor: MakeVisitor, front: Front, watch: Watch
) -> None:
    """The key may have been revoked since."""
    watch.tolerate(REFUSED)
    tab = make_visitor(front.origin).open("/#key=sf_wrong")
    expect(tab.get_by_role("alert")).to_contain_text("no such key")


def test_another_tab_with_another_account_changes_this_one(
    board: Board, front: Front, client: Client, other: str, channel: str, watch: Watch
) -> None:
    """Both tabs have one cookie, so what the first one sends is of the new account."""
    watch.tolerate(REFUSED)
    second = Board(board.visitor, f"/?channel={channel}")
    expect(second.draft).to_be_visible()
    second.tab.goto(f"{front.origin}/?channel={channel}#key={other}")
    second.tab.get_by_role("button", name="Use the key of the link").click()
    expect(second.tab.locator("page-header")).to_contain_text(f"other-{channel}")
    expect(board.tab.locator("page-header")).to_contain_text(f"other-{channel}")
    board.write("from the first tab")
    expect(board.expect_complete("from the first tab")).to_contain_text(f"other-{channel}")
    assert [post["author"] for post in client.posts(channel)] == [f"other-{channel}"]
