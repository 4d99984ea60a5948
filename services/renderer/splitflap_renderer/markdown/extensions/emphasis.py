"""Emphasis and deleted text of the flavour `markdown`, paired by markdown-it-py as in gfm.

Python-Markdown's patterns and those of pymdown-extensions lose text between nested runs.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.util import INLINE_PLACEHOLDER_RE, AtomicString
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from splitflap_renderer.markdown.extensions.autolinks import NO_PREVIEW
from splitflap_renderer.markdown.extensions.tree import add_text

if TYPE_CHECKING:
    from markdown.treeprocessors import InlineProcessor as InlineTexts
    from markdown_it.token import Token

#: U+0002 and U+0003 enclose what earlier patterns have found. Most of it is punctuation.
_AS_PUNCTUATION = str.maketrans("\x02\x03", "!!")

#: Runs that have no partner, as Python-Markdown writes escaped characters.
_ESCAPED = str.maketrans({sign: f"\x02{ord(sign)}\x03" for sign in "*_~"})

_NO_RUN = re.compile(r"[^*_~]+")

_TAGS = {"s": "del"}


class _Span(NamedTuple):
    """An outermost element. Its places count from the end: what is before it may be replaced."""

    start: int
    end: int
    element: Element


class EmphasisExtension(Extension):
    """Replaces Python-Markdown's pattern of emphasis. It also reads `~~deleted~~` text."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Emphasis comes after all patterns that hide text from it, and before line breaks."""
        self._processor = _Emphasis(r"[*_~]", md)
        md.inlinePatterns.register(self._processor, "em_strong", 60)
        md.registerExtension(self)

    def reset(self) -> None:
        """Forget the last text."""
        self._processor.forget()


class _Emphasis(InlineProcessor):
    def __init__(self, pattern: str, md: Markdown) -> None:
        super().__init__(pattern, md)
        self._pairs = MarkdownIt("zero")
        self._pairs.enable(["emphasis", "strikethrough", "balance_pairs", "fragments_join"])
        self._pairs.inline.ruler.at("text", _text)
        self.forget()

    def forget(self) -> None:
        """Forget the last text."""
        #: The text after the last returned element, and the elements in it, last one first.
        self._rest: str | None = None
        self._spans: list[_Span] = []

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int, int]:
        """The next element. All of a text are found at its first match."""
        rest = self._rest
        if rest is None or m.start() < len(data) - len(rest) or not data.endswith(rest):
            self._spans = [*_spans(self._pairs, data, self._as_written(data))][::-1]
        if not self._spans:
            self._rest = data[m.start() :]
            return None, m.start(), len(data)
        span = self._spans.pop()
        start, end = len(data) - span.start, len(data) - span.end
        self._rest = data[end:]
        return span.element, start, end

    def _as_written(self, data: str) -> str:
        """The text with the first and last characters of what earlier patterns have found."""
        stash = cast("InlineTexts", self.md.treeprocessors["inline"]).stashed_nodes
        shown = INLINE_PLACEHOLDER_RE.sub(lambda found: _ends(found[0], stash[found[1]]), data)
        return shown.translate(_AS_PUNCTUATION)


def _text(state: StateInline, silent: bool) -> bool:
    """Read to the next run at once. The rule of markdown-it-py stops at any punctuation."""
    found = _NO_RUN.match(state.src, state.pos)
    if found and not silent:
        state.pending += found[0]
    state.pos = found.end() if found else state.pos
    return bool(found)


def _spans(pairs: MarkdownIt, data: str, written: str) -> Iterator[_Span]:
    """The elements of `data`. `written` has the same length, and decides which runs are pairs."""
    tokens: list[Token] = []
    pairs.inline.parse(written, pairs, {}, tokens)
    open_elements: list[Element] = []
    place = start = 0
    for token in tokens:
        after = place + len(token.content or token.markup)
        if token.nesting > 0:
            tag = _TAGS.get(token.tag, token.tag)
            if open_elements:
                open_elements.append(SubElement(open_elements[-1], tag))
            else:
                open_elements, start = [Element(tag)], place
        elif token.nesting < 0:
            element = open_elements.pop()
            if not open_elements:
                yield _Span(len(data) - start, len(data) - after, element)
        elif open_elements:
            add_text(open_elements[-1], data[place:after].translate(_ESCAPED))
        place = after


def _ends(placeholder: str, node: Element | str) -> str:
    """A text as long as the placeholder. A bare link is letters, and a line break white space."""
    if isinstance(node, Element):
        if node.tag == "br":
            return " " * len(placeholder)
        is_bare = isinstance(node.text, AtomicString) and NO_PREVIEW not in node.attrib
        if node.tag == "a" and node.text and is_bare:
            return f"{node.text[0]}{placeholder[1:-1]}{node.text[-1]}"
    return placeholder
