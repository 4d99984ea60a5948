"""Posts that only a malicious person or a program writes: none keeps a browser busy."""

from playwright.sync_api import expect

from .conftest import EMBEDDED_ONLY
from .rig.board import Board

pytestmark = EMBEDDED_ONLY

#: Reports HTML that Chromium reads in quadratic time: an element gets children while it has
#: `dir="auto"`. A post of 16,000 words in `*` kept the page busy for half a minute. Lit's own
#: templates have few elements.
REPORT_AUTO = """
const {get, set} = Object.getOwnPropertyDescriptor(Element.prototype, 'innerHTML');
Object.defineProperty(Element.prototype, 'innerHTML', {get, set(html) {
    if (/<(p|h1|li)[^>]* dir="auto"/.test(html) && !String(html).includes('lit$'))
        console.error(`slow: ${html}`);
    set.call(this, html);
}});
undefined;
"""

#: The parts of a post with their directions.
DIRECTIONS = """post => [post, ...post.querySelectorAll('h1, p, li')].map(
    each => [each.localName, each.getAttribute('dir'), getComputedStyle(each).direction])"""

ALEPH = "\u05d0"
TEXT = f"""# {ALEPH}

{ALEPH} *word* `<p dir="auto">`

left <b title="<p dir=">*x*</b>

- one
- {ALEPH}
"""


def test_the_direction_of_blocks_is_set_when_they_are_whole(board: Board) -> None:
    """The directions are those of the API's HTML, and a text that looks like it stays."""
    board.visitor.context.add_init_script(REPORT_AUTO)
    board.tab.reload()
    board.write(TEXT)
    post = board.expect_complete("left x")
    expect(post.get_by_role("code")).to_have_text('<p dir="auto">')
    assert post.locator("[data-dir-later]").count() == 0
    assert post.locator(".post").evaluate(DIRECTIONS) == [
        ["div", None, "ltr"],
        ["h1", "auto", "rtl"],
        ["p", "auto", "rtl"],
        ["p", "auto", "ltr"],
        ["li", None, "ltr"],
        ["li", "auto", "rtl"],
    ]
