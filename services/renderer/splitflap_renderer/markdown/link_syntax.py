"""Inline links and images of Python-Markdown by the rules of CommonMark 0.31.2, section 6.3.

Python-Markdown looks for a title in any quotes, so an apostrophe in a URL makes it swallow the rest
of the sentence. In `[a] [b]` it drops the second text. A script is no link, and stays as written.
"""

import re
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import (
    IMAGE_LINK_RE,
    IMAGE_REFERENCE_RE,
    LINK_RE,
    REFERENCE_RE,
    ImageInlineProcessor,
    ImageReferenceInlineProcessor,
    LinkInlineProcessor,
    ReferenceInlineProcessor,
)
from markdown_it.common.normalize_url import validateLink
from markdown_it.helpers import parseLinkDestination, parseLinkTitle

_SPACE = re.compile(r"[ \t\n]*")

#: Stand-ins for U+0002 and U+0003. They enclose placeholders, and end a URL in markdown-it-py.
_HIDE = str.maketrans("\x02\x03", "\ue002\ue003")
_SHOW = str.maketrans("\ue002\ue003", "\x02\x03")


class LinkSyntaxExtension(Extension):
    """Replaces the processors."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Keep their places."""
        md.inlinePatterns.register(_Reference(REFERENCE_RE, md), "reference", 170)
        md.inlinePatterns.register(_Link(LINK_RE, md), "link", 160)
        md.inlinePatterns.register(_Image(IMAGE_LINK_RE, md), "image_link", 150)
        md.inlinePatterns.register(_ImageReference(IMAGE_REFERENCE_RE, md), "image_reference", 140)


class _Syntax(LinkInlineProcessor):
    def getLink(self, data: str, index: int) -> tuple[str, str | None, int, bool]:  # noqa: N802
        """The URL and title in `(...)`, the place after it, and whether it is a link."""
        if data[index : index + 1] != "(":
            return "", None, index, False
        hidden = data.translate(_HIDE)
        place = _after_space(hidden, index + 1)
        href, title = "", None
        destination = parseLinkDestination(hidden, place, len(hidden))
        if destination.ok:
            href, place = destination.str, _after_space(hidden, destination.pos)
            if place > destination.pos:
                found = parseLinkTitle(hidden, place, len(hidden))
                if found.ok:
                    title = self.unescape(found.str.translate(_SHOW))
                    place = _after_space(hidden, found.pos)
        if hidden[place : place + 1] != ")" or not validateLink(href):
            return "", None, index, False
        # A URL in angle brackets may have spaces.
        return self.unescape(href.translate(_SHOW)).replace(" ", "%20"), title, place + 1, True


class _Link(_Syntax):
    def handleMatch(  # type: ignore[override]  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[Any, int | None, int | None]:
        """A link contains no link: the inner one wins."""
        element, start, end = super().handleMatch(m, data)
        if isinstance(element, Element) and self._has_link(element.text or ""):
            return None, None, None
        return element, start, end

    def _has_link(self, text: str) -> bool:
        if "](" not in text:
            return False
        for bracket in self.compiled_re.finditer(text):
            _, end, closed = self.getText(text, bracket.end())
            if closed and self.getLink(text, end)[3]:
                return True
        return False


class _Image(_Syntax, ImageInlineProcessor):
    """The rest is an image's."""


class _Reference(ReferenceInlineProcessor):
    #: No space before the name: `[a] [b]` are two texts.
    RE_LINK = re.compile(r"\[([^\]]*)\]")


class _ImageReference(_Reference, ImageReferenceInlineProcessor):
    """The rest is an image's."""


def _after_space(text: str, place: int) -> int:
    space = _SPACE.match(text, place)
    return space.end() if space else place
