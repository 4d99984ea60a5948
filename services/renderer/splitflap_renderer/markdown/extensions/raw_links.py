"""Bare links within a raw `<a>` of a text stay text, as in gfm.

Python-Markdown replaces raw HTML by placeholders, so it finds bare links between two of them. They
are marked by an attribute, and this module takes those within a raw link back.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markdown.util import HTML_PLACEHOLDER_RE

#: Marks the element of a bare link.
BARE = "data-bare"

#: Elements with text of their own: a raw link does not reach beyond them.
_TEXTS = {"p", "li", "td", "th", "dt", "dd", *(f"h{level}" for level in range(1, 7))}

_START = re.compile(r"(?i)<a[\s>]")
_END = re.compile(r"(?i)</a[\s>]")


class RawLinksExtension(Extension):
    """Registers the processor after the one for addresses (-0.5), before the collector (-1)."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Register it."""
        md.treeprocessors.register(_RawLinks(md), "raw_links", -0.75)


class _RawLinks(Treeprocessor):
    def run(self, root: Element) -> None:
        raw = [str(each) for each in self.md.htmlStash.rawHtmlBlocks]
        within_any = any(_START.match(each) for each in raw)
        within = False
        for each in _in_order(root) if within_any else root.iter("a"):
            if isinstance(each, str):
                for found in HTML_PLACEHOLDER_RE.finditer(each):
                    piece = raw[int(found[1])]
                    within = bool(_START.match(piece)) or (within and not _END.match(piece))
                continue
            within = within and each.tag not in _TEXTS
            if each.attrib.pop(BARE, None) is not None and within:
                each.tag = "span"
                each.attrib.clear()


def _in_order(root: Element) -> Iterator[Element | str]:
    """The elements and texts in reading order."""
    rest: list[Element | str] = [root]
    while rest:
        piece = rest.pop()
        yield piece
        if isinstance(piece, Element):
            for child in reversed(piece):
                rest += [child.tail or "", child]
            rest.append(piece.text or "")
