"""The attack texts of tests/xss on both pages: none runs a script, and none sends a request."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Error, Route, expect

from tests.support import wait_until
from tests.system.rig.client import Client
from tests.system.rig.publisher import publisher
from tests.system.rig.stack import ADMIN, Stack
from tests.xss.vectors import VECTORS

from .conftest import EMBEDDED_ONLY, MakeVisitor
from .rig import traps
from .rig.board import Board
from .rig.fronts import Front
from .rig.ops import Ops
from .rig.watch import Watch

pytestmark = [EMBEDDED_ONLY, pytest.mark.timeout(300)]

#: Texts that are typed by hand; the others are posted by requests of the page.
TYPED = 12

#: Characters of a key's note, and texts of one dead letter.
NOTE = 200
LETTER = 10

#: What a sanitiser with a hole would let pass: scripts, and requests to another host.
HOSTILE_HTML = """<p>hostile</p>
<img src="/missing.png" onerror="alert('image')"><svg onload="alert('svg')"></svg>
<iframe srcdoc="<script>parent.alert('frame')</script>"></iframe>
<object data="https://evil.example/object"></object>
<video src="https://evil.example/video"></video>
<style>p { color: red }</style>
<a href="javascript:alert('link')">press me</a>
<form action="https://evil.example/form"><button>send me</button></form>"""

#: Playwright's own click would wait for the navigation that never comes.
PRESS = "element => element.click()"

#: The directives that stop it.
STOPPED = {
    *("script-src-attr", "script-src-elem", "object-src", "media-src", "style-src-elem"),
    "form-action",
}

#: Posts some texts by the page's own session, a few at a time.
POST = """async ([channel, texts]) => {
    const headers = {'Content-Type': 'application/json', 'Splitflap-Page': '1'};
    const send = async text => (await fetch('/v1/posts', {
        method: 'POST', headers, body: JSON.stringify({text, channel}),
    })).status;
    const statuses = [];
    for (let at = 0; at < texts.length; at += 10)
        statuses.push(...await Promise.all(texts.slice(at, at + 10).map(send)));
    return statuses;
}"""


def test_no_text_runs_a_script_on_the_board(
    board: Board, client: Client, channel: str, watch: Watch
) -> None:
    """Every event of a user is fired on every element of every post."""
    watch.tolerate("status of 422 .*/v1/posts")  # a text with a forbidden character
    tab = board.tab
    tab.evaluate(traps.SET)
    statuses = tab.evaluate(POST, [channel, VECTORS])
    assert set(statuses) == {202, 422}
    accepted = [text for text, status in zip(VECTORS, statuses, strict=True) if status == 202]
    assert len(accepted) > 0.95 * len(VECTORS)
    typed = accepted[:: len(accepted) // TYPED]
    for text in typed:
        board.draft.fill(text)
        tab.wait_for_timeout(500)  # the preview begins after a pause
        board.send.click()
    count = len(typed) + len(accepted)
    wait_until(lambda: is_done(client, channel, count), "all posts")
    tab.reload()
    tab.evaluate(traps.SET)
    while board.posts.count() < count:
        tab.mouse.wheel(0, 20_000)
        tab.wait_for_timeout(50)
    expect(board.posts).to_have_count(count)
    assert board.posts.evaluate_all(traps.FIRE) > 10 * len(VECTORS)
    tab.wait_for_timeout(500)  # a request that a script has begun
    # The page works as before.
    board.write("afterwards")
    board.expect_complete("afterwards")


def test_html_that_the_sanitiser_let_pass_can_do_nothing(board: Board, watch: Watch) -> None:
    """The Content-Security-Policy is the second wall."""
    watch.tolerate("violation of", "Content Security Policy", "status of 404")
    board.tab.evaluate(traps.SET)
    board.tab.route(re.compile("/v1/posts[?/]"), with_hostile_html)
    board.draft.fill("hostile")
    board.send.click()
    link = board.posts.get_by_role("link", name="press me")
    expect(link).to_be_visible()
    link.evaluate(PRESS)
    board.posts.get_by_role("button", name="send me").evaluate(PRESS)
    board.tab.wait_for_timeout(500)  # a script or a request that has begun
    stopped = set(re.findall(r"violation of (\S+)", "\n".join(watch.faults)))
    assert stopped >= STOPPED


@pytest.mark.parametrize("path", ["/", "/ops", "/about"])
def test_html_enters_a_page_by_its_policies_only(
    path: str, make_visitor: MakeVisitor, front: Front, watch: Watch
) -> None:
    """A line of code that puts HTML into the page past them fails at once."""
    watch.tolerate("[Tt]rusted-?[Tt]ypes?", "TrustedHTML")
    tab = make_visitor(front.origin).open(path)
    with pytest.raises(Error, match="TrustedHTML"):
        tab.evaluate("document.body.innerHTML = '<b>bold</b>'")
    with pytest.raises(Error, match="disallowed"):
        tab.evaluate("trustedTypes.createPolicy('another', {})")


def with_hostile_html(route: Route) -> None:
    """Answer with the API's posts, and with HTML that its sanitiser would never pass."""
    response = route.fetch()
    body = response.json()
    for post in body.get("items", [body]):
        post["html"] = HOSTILE_HTML
    route.fulfill(response=response, json=body)


def is_done(client: Client, channel: str, count: int) -> bool:
    """Whether so many posts of a channel have come to an end."""
    posts = client.posts(channel)
    return len(posts) == count and all(is_final(post) for post in posts)


def is_final(post: Any) -> bool:
    """Whether a post changes no more."""
    return post["state"] in {"complete", "failed"}


def test_no_text_runs_a_script_on_the_operators_page(
    stack: Stack, client: Client, make_visitor: MakeVisitor, front: Front, watch: Watch
) -> None:
    """Texts come as dead letters, as notes of keys, as filters, and as a browser's name."""
    # No message has U+0000; a letter with it would have another reason.
    texts = [text.replace("\0", "") for text in VECTORS]
    batches = [texts[at : at + LETTER] for at in range(0, len(texts), LETTER)]
    letters = [
        json.dumps({"version": 91, "number": number, "texts": batch})
        for number, batch in enumerate(batches)
    ]
    with publisher(stack) as to:
        for letter in letters:
            to.put("results", letter.encode())
    path = "/v1/dead/count?reason=version%2091%3B%20this%20release%20reads%201"
    wait_until(lambda: client.get(path).json()["count"] == len(letters), "all dead letters")
    for text in VECTORS[::10]:
        note = "".join(filter(str.isprintable, text))[:NOTE]
        client.post("/v1/keys", {"account": "attacker", "name": note, "scopes": ["read"]})
    visitor = make_visitor(front.origin, user_agent="<img src=x onerror=alert(1)>")
    visitor.context.add_init_script(traps.SET)
    ops = Ops.of(visitor, ADMIN)
    tab = ops.tab
    ops.show("Dead letters")
    ops.filter(reason="version 91; this release reads 1")
    tab.get_by_role("button", name="Show more").click()
    expect(ops.letters).to_have_count(len(letters))
    ops.letters.first.click()
    body = ops.dialog.get_by_label("Body of the letter")
    for number in reversed(range(len(letters))):
        expect(body).to_contain_text(f'"number": {number},')
        body.evaluate_all(traps.FIRE)
        ops.dialog.get_by_role("button", name="Next").click()
    ops.dialog.get_by_role("button", name="Close").click()
    watch.tolerate("status of 400 .*/v1/dead")  # no queue has such a name
    answer = tab.get_by_text("No dead letter matches this filter.").or_(tab.get_by_role("alert"))
    for text in VECTORS[::40]:
        for fields in ({"reason": text}, {"queue": text}):
            ops.filter(**{"reason": "", "queue": "", **fields})
            expect(answer.first).to_be_visible()
    for view in ("Keys", "Sessions", "Audit", "Overview"):
        shown = ops.show(view)
        tab.wait_for_timeout(300)  # its list comes by a request
        shown.get_by_role("table").evaluate_all(traps.FIRE)
    ops.show("Keys")
    expect(tab.get_by_role("row").filter(has_text="attacker")).to_have_count(len(VECTORS[::10]))
