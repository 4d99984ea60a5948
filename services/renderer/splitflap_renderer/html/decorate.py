"""Splitflap's additions to sanitised HTML, in one pass, the same for both flavours.

The pass walks over the tags and texts, and gives each to the additions of `html/additions` in their
order. HTML that the sanitiser has not written is refused.
"""

import re
from collections.abc import Callable

import msgspec

from splitflap_renderer.html.additions.addition import Addition, Page
from splitflap_renderer.html.additions.code_blocks import CodeBlocks
from splitflap_renderer.html.additions.depth import Depth
from splitflap_renderer.html.additions.directions import Directions
from splitflap_renderer.html.additions.escape_markers import EscapeMarkers
from splitflap_renderer.html.additions.excerpt_text import ExcerptText
from splitflap_renderer.html.additions.heading_ids import HeadingIds
from splitflap_renderer.html.additions.images import Images
from splitflap_renderer.html.additions.links import Links
from splitflap_renderer.html.additions.named_text import NamedText
from splitflap_renderer.html.additions.spoilers import Spoilers
from splitflap_renderer.html.additions.task_items import TaskItems
from splitflap_renderer.html.bidi import closed, has_controls
from splitflap_renderer.html.excerpt import Excerpt
from splitflap_renderer.html.headings import Headings
from splitflap_renderer.html.highlight import Highlighter
from splitflap_renderer.html.names import Names
from splitflap_renderer.html.tokens import CODE, INLINE, TOKEN
from splitflap_renderer.options import Options

_Step = Callable[[str], str]


class Decorated(msgspec.Struct, frozen=True):
    """The HTML, the names in it, and the excerpt."""

    html: str
    mentions: list[str]
    channels: list[str]
    excerpt: str


class NotSanitised(ValueError):
    """The HTML was not written by the sanitiser."""


def decorated(html_: str, options: Options, salt: str, longest: int) -> Decorated:
    """Make all additions to sanitised HTML. Code gets no marks beyond `longest` characters of HTML.

    Raises:
        NotSanitised: the sanitiser has not written this HTML.
    """
    page = Page()
    names, excerpt = Names(options), Excerpt()
    headings = Headings(options.heading_prefix, salt)
    additions = [
        EscapeMarkers(page),
        # A heading's name is made of the text as written.
        HeadingIds(page, headings),
        NamedText(page, names),
        Spoilers(page),
        ExcerptText(page, excerpt),
        Links(page, headings),
        Images(page, options),
        TaskItems(page),
        Directions(page),
        CodeBlocks(page, Highlighter(options.highlight_seconds), longest),
    ]
    _walk(closed(html_) if has_controls(html_) else html_, page, additions)
    return Decorated("".join(page.parts), list(names.mentions), list(names.channels), str(excerpt))


def _walk(html_: str, page: Page, additions: list[Addition]) -> None:
    """Give each tag and text to the additions, and write what they make of it."""
    steps = _Steps(page, additions)
    end = 0
    for token in TOKEN.finditer(html_):
        if token.start() != end:
            break
        end = token.end()
        if made := steps.html_of(token):
            page.parts.append(made)
    if end != len(html_):
        raise NotSanitised(f"expected a tag or text at {html_[end : end + 40]!r}")
    for addition in additions:
        addition.finish()


class _Steps:
    """The methods to call for each kind of token. Methods of the base are left out."""

    def __init__(self, page: Page, additions: list[Addition]) -> None:
        self._page = page
        self._depth = Depth()
        self._starts: dict[str, list[_Step]] = {}
        self._ends: dict[str, list[_Step]] = {}
        for addition in additions:
            for tag in addition.tags:
                self._starts.setdefault(tag, []).append(addition.start)
                self._ends.setdefault(tag, []).append(addition.end)
        self._texts = [each.text for each in additions if type(each).text is not Addition.text]
        self._edges = [each.edge for each in additions if type(each).edge is not Addition.edge]

    def html_of(self, token: re.Match[str]) -> str:
        """The HTML for a token."""
        written = token[0]
        if token["text"]:
            for text in self._texts:
                written = text(written)
            return written
        tag, end = token["tag"], bool(token["end"])
        if tag not in INLINE:
            for edge in self._edges:
                edge()
        if self._depth.drops(tag, end=end):
            return self._dropped(tag, end=end)
        for step in (self._ends if end else self._starts).get(tag, ()):
            written = step(written)
        return written

    def _dropped(self, tag: str, *, end: bool) -> str:
        """The text of code stays code, and a block still separates words."""
        if tag in CODE:
            self._page.code += -1 if end else 1
        return "" if tag in INLINE or self._page.parts[-1] == "\n" else "\n"
