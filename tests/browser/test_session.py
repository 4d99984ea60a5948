"""The session of a browser: signing in and out, and the end of its key."""

import pytest
from playwright.sync_api import Route, expect

from tests.system.rig.client import Client
from tests.system.rig.stack import ADMIN

from .conftest import EMBEDDED_ONLY, MakeVisitor
from .rig.board import Board
from .rig.fronts import Front
from .rig.watch import Watch

REFUSED = "status of 401"

#: What the head of a page says while its stream is open.
LIVE = "changes appear at once"


def test_the_key_of_a_link_leaves_the_address_bar(
    board: Board, front: Front, key: str, channel: str
) -> None:
    """No script can read it any more: it is exchanged for a cookie."""
    assert board.tab.url == f"{front.origin}/?channel={channel}"
    board.tab.reload()
    expect(board.draft).to_be_visible()
    everything = board.tab.evaluate(
        "JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}, history.state])"
    )
    assert key not in everything
    (cookie,) = board.visitor.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert key not in cookie["value"]


def test_signing_out_leads_to_the_sign_in_and_keeps_the_draft(
    board: Board, key: str, watch: Watch
) -> None:
    """The other tab of the same browser signs out too."""
    watch.tolerate(REFUSED)
    board.draft.fill("not yet sent")
    board.tab.get_by_role("button", name="Sign out").click()
    expect(board.sign_in).to_be_visible()
    expect(board.posts).to_have_count(0)
    assert not [c for c in board.visitor.context.cookies() if c["value"]]
    board.sign_in_with(key)
    expect(board.draft).to_have_value("not yet sent")


def test_another_account_of_the_browser_sees_no_draft(
    board: Board, client: Client, channel: str, key: str, watch: Watch
) -> None:
    """The first account finds its draft again."""
    watch.tolerate(REFUSED)
    board.draft.fill("not for others")
    board.tab.get_by_role("button", name="Sign out").click()
    board.sign_in_with(client.new_key(f"next-{channel}", "read", "write")["key"])
    expect(board.draft).to_have_value("")
    board.tab.get_by_role("button", name="Sign out").click()
    board.sign_in_with(key)
    expect(board.draft).to_have_value("not for others")


def test_a_revoked_key_leads_to_the_sign_in_and_keeps_the_draft(
    make_visitor: MakeVisitor, front: Front, client: Client, channel: str, watch: Watch
) -> None:
    """The page finds it out by itself: nobody has to touch it."""
    watch.tolerate(REFUSED)
    account = f"revoked-{channel}"
    made = client.new_key(account, "read", "write")
    board = Board.of(make_visitor(front.origin), made["key"], channel)
    board.draft.fill("not yet sent")
    assert client.delete(f"/v1/keys/{made['id']}").ok
    expect(board.sign_in).to_be_visible()
    board.sign_in_with(client.new_key(account, "read", "write")["key"])
    expect(board.draft).to_have_value("not yet sent")
    board.send.click()
    board.expect_complete("not yet sent")


@pytest.mark.parametrize("path", ["/", "/ops"])
def test_a_newer_session_takes_over(
    path: str, make_visitor: MakeVisitor, front: Front, client: Client, channel: str, watch: Watch
) -> None:
    """The stream is refused. Before the page asks why, another tab has signed in again."""
    watch.tolerate(REFUSED, "net::ERR_")
    visitor = make_visitor(front.origin)
    tab = visitor.open(f"{path}?channel={channel}#key={ADMIN}")
    live = tab.get_by_role("status").filter(has_text=LIVE)
    expect(live).to_be_attached()

    def sign_in(route: Route) -> None:
        body = {"key": ADMIN}
        page = {"Splitflap-Page": "1"}
        assert visitor.context.request.post(route.request.url, data=body, headers=page).ok
        route.continue_()

    tab.route("**/v1/session", sign_in)
    with tab.expect_request("**/v1/session"):
        visitor.context.clear_cookies()
        front.proxy.cut()
    expect(live).to_be_attached()
    expect(tab.get_by_label("Key", exact=True)).to_be_hidden()
    if path == "/":
        client.create_post("told by the new stream", channel)
        expect(tab.get_by_role("article")).to_contain_text("told by the new stream")


@pytest.mark.parametrize("path", ["/", "/ops"])
def test_a_wrong_key_is_refused_in_words(
    path: str, make_visitor: MakeVisitor, front: Front, watch: Watch
) -> None:
    """The field keeps the focus."""
    watch.tolerate(REFUSED)
    board = Board(make_visitor(front.origin), path)
    board.sign_in.fill("sf_not_a_key")
    board.sign_in.press("Enter")
    expect(board.tab.get_by_role("alert")).to_contain_text("key")
    expect(board.sign_in).to_be_focused()


@EMBEDDED_ONLY
def test_a_key_without_the_scope_write_has_no_field_for_a_post(
    make_visitor: MakeVisitor, front: Front, client: Client, channel: str
) -> None:
    """The scope `admin` does not include it: the API would refuse the post."""
    key = client.new_key(f"admin-{channel}", "read", "admin")["key"]
    board = Board(make_visitor(front.origin), f"/#key={key}")
    expect(board.tab.get_by_text("This key may not write.")).to_be_visible()
    expect(board.draft).to_have_count(0)
