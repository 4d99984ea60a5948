"""Inline links and images of Python-Markdown by the rules of CommonMark 0.31.2, section 6.3.

Python-Markdown looks for a title in any quotes, so an apostrophe in a URL makes it swallow the rest
of the sentence. In `[a] [b]` it drops the second text. A link whose target is not allowed stays as
written.
"""

import re
from collections.abc import Callable
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
    ShortImageReferenceInlineProcessor,
)
from markdown_it.helpers import parseLinkDestination, parseLinkTitle

from splitflap_renderer.markdown.extensions.literals import source_of
from splitflap_renderer.markdown.extensions.tree import unescaped
from splitflap_renderer.markdown.rules.targets import Targets

_SPACE = re.compile(r"[ \t\n]*")

#: Longest `(...)` of a link in characters. The bound keeps thousands of links linear.
MAX_LINK = 10_000


class LinkSyntaxExtension(Extension):
    """Replaces the processors."""

    def __init__(self, targets: Targets) -> None:
        super().__init__()
        self._targets = targets

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Keep their places."""
        md.inlinePatterns.register(_Reference(REFERENCE_RE, md), "reference", 170)
        link = _Link(LINK_RE, md, self._targets.link)
        md.inlinePatterns.register(link, "link", 160)
        image = _Image(IMAGE_LINK_RE, md, self._targets.image)
        md.inlinePatterns.register(image, "image_link", 150)
        reference = _ImageReference(IMAGE_REFERENCE_RE, md, self._targets.image)
        md.inlinePatterns.register(reference, "image_reference", 140)
        short = _ShortImageReference(IMAGE_REFERENCE_RE, md, self._targets.image)
        md.inlinePatterns.register(short, "short_image_ref", 125)


class _Syntax(LinkInlineProcessor):
    def __init__(self, pattern: str, md: Markdown, is_target: Callable[[str], bool]) -> None:
        super().__init__(pattern, md)
        self._is_target = is_target

    def getLink(self, data: str, index: int) -> tuple[str, str | None, int, bool]:  # noqa: N802
        """The URL and title in `(...)`, the place after it, and whether it is a link."""
        if data[index : index + 1] != "(":
            return "", None, index, False
        end, href, title = _read(_hidden(data[index : index + MAX_LINK]))
        source = source_of(self, _shown(href))
        # A URL in angle brackets may have spaces.
        url = unescaped(source.replace(" ", "%20"))
        has_code_with_space = " " in source and " " not in href
        if end is None or has_code_with_space or not self._is_target(url):
            return "", None, index, False
        return url, None if title is None else source_of(self, _shown(title)), index + end, True


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
    def __init__(self, pattern: str, md: Markdown, is_target: Callable[[str], bool]) -> None:
        super().__init__(pattern, md)
        self._is_target = is_target

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[Any, int | None, int | None]:
        """The target of a definition may be a link's only."""
        element, start, end = super().handleMatch(m, data)
        if isinstance(element, Element) and not self._is_target(element.get("src", "")):
            return None, None, None
        return element, start, end


class _ShortImageReference(_ImageReference, ShortImageReferenceInlineProcessor):
    """The rest is that of `![name]`."""


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
    """Stand-ins for U+0002 and U+0003: they enclose placeholders, and end a URL in markdown-it.

    A text has none of these characters, and no entity for them is valid: see `rules/common.py`.
    """
    return text.replace("\x02", "\ufdd0").replace("\x03", "\ufdd1")


def _shown(text: str) -> str:
    return text.replace("\ufdd0", "\x02").replace("\ufdd1", "\x03")
