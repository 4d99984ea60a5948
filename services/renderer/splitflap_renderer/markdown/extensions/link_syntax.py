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

#: Longest `(...)` of a link in characters. The bound keeps thousands of links linear.
MAX_LINK = 10_000


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
        end, href, title = _read(_hidden(data[index : index + MAX_LINK]))
        if end is None or not validateLink(href):
            return "", None, index, False
        shown = None if title is None else self.unescape(_shown(title))
        # A URL in angle brackets may have spaces.
        return self.unescape(_shown(href)).replace(" ", "%20"), shown, index + end, True


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


def _read(text: str) -> tuple[int | None, str, str | None]:
    """The end of `(...)` at the beginning of a text or None, the URL and the title."""
    place = _after_space(text, 1)
    href, title = "", None
    destination = parseLinkDestination(text, place, len(text))
    if destination.ok:
        href, place = destination.str, _after_space(text, destination.pos)
        if place > destination.pos and (found := parseLinkTitle(text, place, len(text))).ok:
            title, place = found.str, _after_space(text, found.pos)
    return (place + 1 if text[place : place + 1] == ")" else None), href, title


def _hidden(text: str) -> str:
    """Stand-ins for U+0002 and U+0003: they enclose placeholders, and end a URL in markdown-it."""
    return text.replace("\x02", "\ue002").replace("\x03", "\ue003")


def _shown(text: str) -> str:
    return text.replace("\ue002", "\x02").replace("\ue003", "\x03")
