"""Texts in Python-Markdown's tree. A text belongs to an element, or follows a child of it."""

import re
from collections.abc import Callable, Container, Iterator
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE, AtomicString

#: Elements without Markdown in them.
CODE = frozenset({"code", "pre"})

_ESCAPED = re.compile("\x02([0-9]+)\x03")

#: Content of an element in reading order.
Pieces = list[str | Element]


def add_text(parent: Element, text: str) -> None:
    """Add text at the end of an element."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def unescaped(text: str) -> str:
    """A text with its escaped characters, which Python-Markdown keeps as numbers until the end."""
    return _ESCAPED.sub(lambda escaped: chr(int(escaped[1])), text)


def literal(text: str) -> AtomicString:
    """A text without Markdown and entities. Python-Markdown leaves an entity to the browser."""
    return AtomicString(text.replace("&", f"{AMP_SUBSTITUTE}amp;"))


def in_order(root: Element) -> Iterator[Element | str]:
    """The elements and texts in reading order."""
    rest: list[Element | str] = [root]
    while rest:
        piece = rest.pop()
        yield piece
        if isinstance(piece, Element):
            for child in reversed(piece):
                rest += [child.tail or "", child]
            rest.append(piece.text or "")


class TextReplacer(Treeprocessor):
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
    parent.text, parent[:] = "", []
    for piece in pieces:
        if isinstance(piece, Element):
            piece.tail = ""
            parent.append(piece)
        else:
            add_text(parent, piece)
