"""The operator's page: its numbers move, and dead letters are seen to."""

import itertools
import re

from playwright.sync_api import Route, expect

from tests.support import wait_until
from tests.system.rig.client import Client
from tests.system.rig.publisher import publisher
from tests.system.rig.stack import Stack

from .conftest import EMBEDDED_ONLY, MakeVisitor
from .rig.fronts import Front
from .rig.ops import Ops
from .rig.watch import Watch

#: Versions of messages that no release reads. Each is put once, so its letters can be counted.
VERSIONS = itertools.count(71)


def put_letters(stack: Stack, client: Client, count: int) -> str:
    """Let messages of an unknown version become dead letters, and return their reason."""
    version = next(VERSIONS)
    reason = f"version {version}; this release reads 1"
    with publisher(stack) as to:
        for _ in range(count):
            to.put("results", f'{{"version": {version}}}'.encode())
    path = f"/v1/dead/count?reason={reason.replace(' ', '%20')}"
    wait_until(lambda: client.get(path).json()["count"] == count, f"{count} dead letters")
    return reason


def test_numbers_move_under_a_load(ops: Ops) -> None:
    """The page starts the load itself. The posts of earlier tests count for a minute."""
    wait_until(lambda: ops.number("API", "accepted") == 0, "a quiet minute", 120.0)
    view = ops.show("Demonstration")
    view.get_by_label("Posts").fill("60")
    view.get_by_role("button", name="Post plain").click()
    expect(view.get_by_text("All posts were sent.")).to_be_visible()
    expect(view.get_by_text("60 of 60 posts accepted")).to_be_visible()
    ops.show("Overview")
    for _ in range(100):
        if ops.number("API", "accepted") > 0 and ops.number("Results", "finished") > 0:
            break
        ops.tab.wait_for_timeout(200)
    assert ops.number("API", "accepted") > 0
    assert ops.number("Results", "finished") > 0


@EMBEDDED_ONLY
def test_a_chart_tells_its_latest_values_from_the_first_drawing(ops: Ops) -> None:
    """The second answer, which would bring others, never comes."""
    answered: list[Route] = []

    def once(route: Route) -> None:
        answered.append(route)
        if len(answered) == 1:
            route.continue_()

    ops.tab.route("**/v1/status/history", once)
    ops.tab.reload()
    expect(ops.tab.locator(".u-legend").first).to_contain_text(re.compile(r"\d\d:\d\d:\d\d"))


def test_a_dead_letter_is_filtered_shown_and_replayed(
    stack: Stack, client: Client, ops: Ops
) -> None:
    """The letter is refused again, so a new one follows it."""
    reason = put_letters(stack, client, 1)
    put_letters(stack, client, 1)
    ops.show("Dead letters")
    ops.filter(reason=reason)
    expect(ops.letters).to_have_count(1)
    expect(ops.letters).to_contain_text(reason)
    ops.letters.get_by_text(reason).click()
    version = reason.removeprefix("version ").partition(";")[0]
    body = ops.dialog.get_by_label("Body of the letter")
    expect(body).to_contain_text(re.compile(rf'"version": {version}\b'))
    ops.dialog.get_by_role("button", name="Replay it").click()
    ops.dialog.get_by_role("button", name="Replay 1 dead letter").click()
    expect(ops.dialog).to_contain_text("1 letter replayed, 0 refused")
    ops.dialog.get_by_role("button", name="Close").click()
    count = f"/v1/dead/count?reason={reason.replace(' ', '%20')}&replayed=true"
    assert client.get(count).json()["count"] == 1
    audit = ops.show("Audit")
    expect(audit.get_by_role("row").nth(1)).to_contain_text("dead.replayed")


def test_all_matching_dead_letters_are_dropped_after_their_number(
    stack: Stack, client: Client, ops: Ops
) -> None:
    """There are more of them than one request of the API drops, and others stay."""
    reason = put_letters(stack, client, 120)
    other = put_letters(stack, client, 1)
    ops.show("Dead letters")
    ops.filter(reason=reason)
    ops.tab.get_by_role("button", name="Drop all that match").click()
    expect(ops.dialog.get_by_role("heading")).to_have_text("Drop 120 dead letters?")
    drop = ops.dialog.get_by_role("button", name="Drop 120 dead letters")
    expect(drop).to_be_disabled()
    ops.dialog.get_by_label("Type 120").fill("120")
    drop.click()
    expect(ops.dialog).to_contain_text("120 letters dropped, 0 refused")
    ops.dialog.get_by_role("button", name="Close").click()
    expect(ops.tab.get_by_text("No dead letter matches this filter.")).to_be_visible()
    for each, count in ((reason, 0), (other, 1)):
        path = f"/v1/dead/count?reason={each.replace(' ', '%20')}"
        assert client.get(path).json()["count"] == count


@EMBEDDED_ONLY
def test_a_key_is_made_and_revoked(
    ops: Ops, front: Front, make_visitor: MakeVisitor, watch: Watch
) -> None:
    """A key with the scope observe sees the page and changes nothing."""
    watch.tolerate("status of 401")
    view = ops.show("Keys")
    view.get_by_text("Make a key").click()
    view.get_by_role("textbox", name="Account").fill("observer")
    for scope in ("read", "write", "observe"):
        view.get_by_role("checkbox", name=re.compile(f"^{scope}")).set_checked(scope == "observe")
    view.get_by_role("button", name="Make the key").click()
    made = view.get_by_label("The key", exact=True).input_value()
    guest = Ops.of(make_visitor(front.origin), made)
    expect(guest.tab.get_by_text("You may look at everything here.")).to_be_visible()
    guest.show("Dead letters")
    expect(guest.tab.get_by_role("button", name="Drop all that match")).to_have_count(0)
    revoke = view.get_by_role("row", name="observer").get_by_role("button", name="revoke")
    revoke.click()
    revoke.filter(has_text="again").click()
    expect(view.get_by_role("row", name="observer")).to_have_count(0)
    expect(guest.tab.get_by_role("heading", name="Sign in")).to_be_visible()
