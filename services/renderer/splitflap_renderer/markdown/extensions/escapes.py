"""Markers of escaped characters in the flavour `markdown`.

An escaped `@`, `#` or `:`, also written as an entity, begins no name and no emoji. `decorate`
removes the marker.
"""

import re
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import ENTITY_RE, HtmlInlineProcessor
from markdown.util import AMP_SUBSTITUTE, AtomicString

from splitflap_renderer.html.sanitiser import ESCAPE_MARKER
from splitflap_renderer.markdown.entities import REPLACEMENT, decoded, is_entity
from splitflap_renderer.markdown.extensions.tree import CODE, Pieces, TextReplacer

#: An escaped character, as Python-Markdown writes it until the end.
_ESCAPED = "\x02{}\x03"
_MARKED = re.compile(_ESCAPED.format(f"({'|'.join(str(ord(each)) for each in '@#:')})"))
_AMPERSAND = _ESCAPED.format(ord("&"))


class EscapesExtension(Extension):
    """Registers the processors below."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Markers come before the end of escapes (0)."""
        md.inlinePatterns.register(_Entity(ENTITY_RE, md), "entity", 80)
        escapes = TextReplacer(md, _marked, sign="\x02", verbatim=CODE)
        md.treeprocessors.register(escapes, "escapes", 5)


class _Entity(HtmlInlineProcessor):
    """`&#64;` is like an escaped `@`. A word that is no entity has an escaped `&`."""

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[Any, int | None, int | None]:
        if not is_entity(m[0]):
            return _AMPERSAND, m.start(), m.start() + 1
        character = decoded(m[0])
        if character == REPLACEMENT:
            return character, m.start(), m.end()
        if character in {"@", "#", ":"}:
            return _ESCAPED.format(ord(character)), m.start(), m.end()
        return super().handleMatch(m, data)


def _marked(text: str) -> Pieces:
    """Mark escaped characters. An escaped `&` begins no entity."""
    pieces: Pieces = []
    end = 0
    for found in _MARKED.finditer(text):
        marker = Element("span", {"class": ESCAPE_MARKER})
        marker.text = AtomicString(chr(int(found[1])))
        pieces += [text[end : found.start()], marker]
        end = found.end()
    return [
        each if isinstance(each, Element) else each.replace(_AMPERSAND, f"{AMP_SUBSTITUTE}amp;")
        for each in [*pieces, text[end:]]
    ]
