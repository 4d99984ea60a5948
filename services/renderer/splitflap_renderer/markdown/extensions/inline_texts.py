"""Additions to the texts of Python-Markdown's tree, after its inline syntax.

- An escaped `@`, `#` or `:` gets a marker, so that `decorate` finds no name and no emoji there.
- E-mail addresses become links.
"""

import re
from collections.abc import Callable, Container
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import ENTITY_RE, HtmlInlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE, AtomicString

from splitflap_renderer.html.sanitiser import LITERAL
from splitflap_renderer.markdown.extensions.raw_links import BARE
from splitflap_renderer.markdown.links import decoded, emails

#: An escaped character, as Python-Markdown writes it until the end.
_ESCAPED = "\x02{}\x03"
_LITERAL = re.compile(_ESCAPED.format(f"({'|'.join(str(ord(each)) for each in '@#:')})"))
_AMPERSAND = _ESCAPED.format(ord("&"))

#: Elements without Markdown in them.
_CODE = {"code", "pre"}

Pieces = list[str | Element]


class InlineTextsExtension(Extension):
    """Registers the processors below."""

    def __init__(self, *, bare_links: bool) -> None:
        super().__init__()
        self._bare_links = bare_links

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Markers come before the end of escapes (0), addresses after it."""
        md.inlinePatterns.register(_Entity(ENTITY_RE, md), "entity", 80)
        escapes = Texts(md, _marked, sign="\x02", verbatim=_CODE)
        md.treeprocessors.register(escapes, "escapes", 5)
        if self._bare_links:
            addresses = Texts(md, _with_links, sign="@", verbatim={"a", *_CODE})
            md.treeprocessors.register(addresses, "emails", -0.5)


class _Entity(HtmlInlineProcessor):
    """`&#64;` is like an escaped `@`."""

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[Any, int | None, int | None]:
        character = decoded(m[0])
        if character in {"@", "#", ":"}:
            return _ESCAPED.format(ord(character)), m.start(), m.end()
        return super().handleMatch(m, data)


class Texts(Treeprocessor):
    """Replaces each text of the tree that has a sign by pieces: texts and elements.

    The content of elements `verbatim` stays as it is.
    """

    def __init__(
        self,
        md: Markdown,
        pieces_of: Callable[[str], Pieces],
        *,
        sign: str,
        verbatim: Container[str],
    ) -> None:
        super().__init__(md)
        self._pieces_of = pieces_of
        self._sign = sign
        self._verbatim = verbatim

    def run(self, root: Element) -> None:
        open_elements = [root]
        while open_elements:
            parent = open_elements.pop()
            if parent.tag not in self._verbatim:
                open_elements += parent
                texts = [parent.text, *(child.tail for child in parent)]
                if any(text and self._sign in text for text in texts):
                    self._replace(parent)

    def _replace(self, parent: Element) -> None:
        pieces = self._pieces_of(parent.text or "")
        for child in parent:
            pieces.append(child)
            pieces += self._pieces_of(child.tail or "")
        _write(parent, pieces)


def _write(parent: Element, pieces: Pieces) -> None:
    """Make the pieces the content of an element."""
    parent[:] = [each for each in pieces if isinstance(each, Element)]
    texts = [""]
    for piece in pieces:
        if isinstance(piece, Element):
            texts.append("")
        else:
            texts[-1] += piece
    parent.text, *tails = texts
    for child, tail in zip(parent, tails, strict=True):
        child.tail = tail


def _marked(text: str) -> Pieces:
    """Mark escaped characters. An escaped `&` begins no entity."""
    pieces: Pieces = []
    end = 0
    for found in _LITERAL.finditer(text):
        marker = Element("span", {"class": LITERAL})
        marker.text = AtomicString(chr(int(found[1])))
        pieces += [text[end : found.start()], marker]
        end = found.end()
    return [
        each if isinstance(each, Element) else each.replace(_AMPERSAND, f"{AMP_SUBSTITUTE}amp;")
        for each in [*pieces, text[end:]]
    ]


def _with_links(text: str) -> Pieces:
    pieces: Pieces = []
    end = 0
    for found in emails(text):
        link = Element("a", {"href": found.url, BARE: ""})
        link.text = AtomicString(text[found.start : found.end])
        pieces += [text[end : found.start], link]
        end = found.end
    return [*pieces, text[end:]]
