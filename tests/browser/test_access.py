"""Both pages for everybody: by keyboard, on a narrow screen, without motion, dark and light."""

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.system.rig.client import Client
from tests.system.rig.site import Site
from tests.system.rig.stack import ADMIN, Stack

from .conftest import EMBEDDED_ONLY, MakeVisitor
from .rig import axe
from .rig.board import Board
from .rig.fronts import Front
from .rig.keyboard import tab_to
from .rig.ops import Ops
from .rig.visitor import Visitor
from .test_ops import put_letters

pytestmark = EMBEDDED_ONLY

Scheme = Literal["dark", "light"]

VIEWS = ("Overview", "Dead letters", "Keys", "Sessions", "Audit", "Demonstration")

NARROW = {"width": 360, "height": 740}

#: Constructs that are wide, or have a colour of their own.
TEXT = """# A heading of a post
{word} https://example.org/{word}

> [!NOTE]
> a note with `code` and a [link]({link})

| a | b | c | d | e | f | g | h |
|---|---|---|---|---|---|---|---|
| {word} | b | c | d | e | f | g | h |

- [x] done
- [ ] not yet

```python
def name(argument: str) -> None:  # a comment
    return f"{{argument}} {word}"
```
"""

#: Watches each frame for a running animation.
COUNT_MOTION = """
window.moved = [];
const look = () => {
    for (const each of document.getAnimations())
        if (each.playState === 'running') window.moved.push(
            `${each.effect?.target?.localName} ${each.animationName ?? each.transitionProperty}`);
    requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""

#: The elements that reach beyond the window and stand in no box that scrolls.
WIDE = """[...document.body.querySelectorAll('*')].filter(each => {
    for (let box = each.parentElement; box; box = box.parentElement)
        if (getComputedStyle(box).overflowX !== 'visible' && box !== document.body) return false;
    return each.getBoundingClientRect().right > innerWidth;
}).map(each => each.outerHTML.slice(0, 120))"""

#: The colour that the browser paints below everything, as numbers: a canvas parses any notation.
BACKGROUND = """(() => {
    const colours = [document.body, document.documentElement].map(
        each => getComputedStyle(each).backgroundColor);
    const context = new OffscreenCanvas(1, 1).getContext('2d');
    context.fillStyle = colours.find(each => each !== 'rgba(0, 0, 0, 0)');
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
})()"""


@pytest.fixture
def filled(client: Client, channel: str, site: Site) -> None:
    """Posts with all constructs, a card, and a link without one."""
    link = site.url("page/a-title")
    client.create_post(TEXT.format(word="x" * 300, link=link), channel)
    client.create_post(f"a card {link} and none {site.url('nowhere')}", channel)


def test_the_board_needs_no_mouse(board: Board, client: Client, channel: str) -> None:
    """A post is written, edited and deleted by keys, and each focus can be seen."""
    tab = board.tab
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Skip to the posts")).to_be_focused()
    tab_to(tab, board.draft)
    tab.keyboard.type("typed by hand")
    tab_to(tab, board.send)
    tab.keyboard.press("Enter")
    post = board.expect_complete("typed by hand")
    tab_to(tab, post.get_by_role("button", name="Edit"))
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("textbox", name="Edit the post")).to_be_focused()
    tab.keyboard.press("Control+End")
    tab.keyboard.type(", and edited")
    tab.keyboard.press("Control+Enter")
    board.expect_complete("typed by hand, and edited")
    tab_to(tab, post.get_by_role("button", name="Delete"))
    tab.keyboard.press("Enter")
    expect(
        tab.get_by_role("group", name="Delete this post?").get_by_role("button").first
    ).to_be_focused()
    tab.keyboard.press("Enter")
    expect(board.posts).to_have_count(0)
    assert client.posts(channel) == []


def test_the_keyboard_scrolls_what_is_wide_in_each_post_that_is_seen(
    make_visitor: MakeVisitor, front: Front, client: Client, key: str, channel: str
) -> None:
    """Arrow keys move it, once the post came into the window."""
    client.create_post(f"```\n{'wide ' * 100}\n```", channel)
    for _ in range(4):
        client.create_post("tall\n\n" * 60, channel)
    board = Board.of(make_visitor(front.origin), key, channel)
    expect(board.posts).to_have_count(5)
    code = board.post("wide").locator("pre")
    code.scroll_into_view_if_needed()
    expect(code).to_have_attribute("tabindex", "0")
    code.focus()
    board.tab.keyboard.press("ArrowRight")
    expect(code).not_to_have_js_property("scrollLeft", 0)


def test_the_operators_page_needs_no_mouse(stack: Stack, client: Client, ops: Ops) -> None:
    """A dead letter is opened and replayed by keys; the focus returns to where it was."""
    reason = put_letters(stack, client, 1)
    tab = ops.tab
    tab_to(tab, ops.views.get_by_role("link", name="Dead letters"))
    tab.keyboard.press("Enter")
    tab_to(tab, tab.get_by_role("combobox", name="Reason"))
    tab.keyboard.type(reason)
    tab.keyboard.press("Enter")
    expect(ops.letters).to_have_count(1)
    tab_to(tab, ops.letters.first)
    tab.keyboard.press("Enter")
    tab_to(tab, ops.dialog.get_by_role("button", name="Replay it"))
    tab.keyboard.press("Enter")
    tab_to(tab, ops.dialog.get_by_role("button", name="Replay 1 dead letter"))
    tab.keyboard.press("Enter")
    expect(ops.dialog).to_contain_text("1 letter replayed")


@pytest.mark.usefixtures("filled")
def test_the_board_fits_a_narrow_screen(
    make_visitor: MakeVisitor, front: Front, key: str, channel: str
) -> None:
    """At 360 pixels nothing is cut off, and the page does not scroll sideways."""
    board = Board.of(make_visitor(front.origin, viewport=NARROW), key, channel)
    expect(board.posts).to_have_count(2)
    board.draft.fill(TEXT.format(word="y" * 300, link="https://example.org/"))
    expect(board.tab.get_by_role("group", name="Preview")).to_contain_text("A heading")
    assert_fits(board.tab)


def test_the_operators_page_fits_a_narrow_screen(
    stack: Stack, client: Client, make_visitor: MakeVisitor, front: Front
) -> None:
    """All of its views, and the dialogs of dead letters."""
    put_letters(stack, client, 1)
    ops = Ops.of(make_visitor(front.origin, viewport=NARROW), ADMIN)
    for title in VIEWS:
        ops.show(title)
        assert_fits(ops.tab)
    ops.show("Dead letters")
    ops.letters.first.click()
    expect(ops.dialog).to_be_visible()
    assert_fits(ops.tab)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_those_who_want_no_motion(
    motion: str, make_visitor: MakeVisitor, front: Front, key: str, channel: str, site: Site
) -> None:
    """For others, a change of a state does move: so the test would see it."""

    def visitor() -> Visitor:
        new = make_visitor(front.origin, reduced_motion=motion)
        new.context.add_init_script(COUNT_MOTION)
        return new

    board = Board.of(visitor(), key, channel)
    board.write(f"flips {site.url('slow/motion')}")
    board.expect_complete("flips")
    ops = Ops.of(visitor(), ADMIN)
    ops.show("Demonstration")
    moved = board.tab.evaluate("moved") + ops.tab.evaluate("moved")
    assert bool(moved) == (motion == "no-preference"), moved


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_grave_on_the_board(
    scheme: Scheme,
    make_visitor: MakeVisitor,
    front: Front,
    key: str,
    channel: str,
    axe_script: str,
) -> None:
    """Signed out, with posts, with a preview, while a post is edited, and while it is deleted."""
    visitor = make_visitor(front.origin, color_scheme=scheme, reduced_motion="reduce")
    out = visitor.open("/")
    expect(out.get_by_role("heading", name="Sign in")).to_be_visible()
    assert_accessible(out, axe_script)
    board = Board.of(visitor, key, channel)
    board.write("to be edited")
    board.expect_complete("to be edited")
    expect(board.posts).to_have_count(3)
    board.draft.fill("a *draft*")
    expect(board.tab.get_by_role("group", name="Preview")).to_contain_text("draft")
    for post in board.posts.all():
        post.scroll_into_view_if_needed()
        board.tab.wait_for_timeout(100)  # what comes into view becomes reachable by keys
    assert_accessible(board.tab, axe_script)
    board.tab.get_by_role("button", name="Delete").click()
    assert_accessible(board.tab, axe_script)
    board.tab.get_by_role("button", name="Keep").click()
    board.tab.get_by_role("button", name="Edit").click()
    expect(board.tab.get_by_role("textbox", name="Edit the post")).to_be_visible()
    assert_accessible(board.tab, axe_script)
    assert_brightness(board.tab, scheme)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_grave_on_the_operators_page(
    scheme: Scheme,
    stack: Stack,
    client: Client,
    make_visitor: MakeVisitor,
    front: Front,
    axe_script: str,
) -> None:
    """All views, and the dialogs of a dead letter."""
    put_letters(stack, client, 2)
    visitor = make_visitor(front.origin, color_scheme=scheme, reduced_motion="reduce")
    ops = Ops.of(visitor, ADMIN)
    for title in VIEWS:
        ops.show(title)
        assert_accessible(ops.tab, axe_script)
    ops.show("Dead letters")
    ops.letters.first.click()
    expect(ops.dialog.get_by_label("Body of the letter")).to_be_visible()
    assert_accessible(ops.tab, axe_script)
    ops.dialog.get_by_role("button", name="Drop it").click()
    assert_accessible(ops.tab, axe_script)
    assert_brightness(ops.tab, scheme)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_grave_on_the_page_about_it(
    scheme: Scheme, make_visitor: MakeVisitor, front: Front, axe_script: str
) -> None:
    """The page of the first card."""
    tab = make_visitor(front.origin, color_scheme=scheme, viewport=NARROW).open("/about")
    assert_accessible(tab, axe_script)
    assert_brightness(tab, scheme)
    assert_fits(tab)


def assert_fits(tab: Page) -> None:
    """Assert that the page is no wider than the window."""
    width, page = tab.evaluate("[innerWidth, document.scrollingElement.scrollWidth]")
    assert page <= width, tab.evaluate(WIDE)


def assert_accessible(tab: Page, script: str) -> None:
    """Assert that axe-core finds nothing serious or critical."""
    found = axe.grave_violations(tab, script)
    assert not found, "\n".join(found)


def assert_brightness(tab: Page, scheme: Scheme) -> None:
    """Assert that the page's background suits the scheme."""
    red, green, blue = tab.evaluate(BACKGROUND)
    is_dark = (red + green + blue) / 3 < 128
    assert is_dark == (scheme == "dark"), (red, green, blue)
