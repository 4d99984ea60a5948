"""Inline text of the flavour `markdown` without Markdown in it: code, formulas, raw HTML, escapes.

The patterns follow CommonMark 0.31.2. Python-Markdown strips code, escapes fewer characters, and
reads the rest of a comparison (`i<n && j>m`) as a tag.
"""

import re
import string
from typing import cast
from xml.etree.ElementTree import Element

from markdown import Markdown, treeprocessors
from markdown.extensions import Extension
from markdown.inlinepatterns import HtmlInlineProcessor, InlineProcessor
from markdown.util import INLINE_PLACEHOLDER_RE, AtomicString, code_escape
from markdown_it.common.html_re import HTML_TAG_RE

from splitflap_renderer.markdown.raw_html import shown_in_line
from splitflap_renderer.markdown.rules.math import MATH, MATH_RE, formula_of

#: A run of backticks. An escaped backtick belongs to no run, and one may follow it.
_TICKS_RE = r"(?<![\\`])((?:\\\\)*)(?:\\`)?(`+)"

#: A raw code element without elements inside. Python-Markdown would find links in it.
_RAW_CODE_RE = r"(?i)<(code|kbd|samp)\b[^<>]*>[^<]*</\1>"


class Literal(Element):
    """Code, with its source: within a URL it is no code."""

    def __init__(self, text: str, source: str, **attributes: str) -> None:
        super().__init__("code", attributes)
        self.text = AtomicString(code_escape(text))
        self.source = source


def source_of(processor: InlineProcessor, text: str) -> str:
    """A text as it was before Python-Markdown replaced escapes and code by placeholders."""
    inline = cast("treeprocessors.InlineProcessor", processor.md.treeprocessors["inline"])

    def of_code(found: re.Match[str]) -> str:
        node = inline.stashed_nodes.get(found[1])
        return node.source if isinstance(node, Literal) else found[0]

    return processor.unescape(INLINE_PLACEHOLDER_RE.sub(of_code, text))


class LiteralsExtension(Extension):
    """Registers the patterns. Code and formulas come before escapes (180), HTML after links."""

    def __init__(self, *, filter_raw_html: bool, breaks: bool) -> None:
        super().__init__()
        self._filter = filter_raw_html
        self._breaks = breaks

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Replace Python-Markdown's patterns of code and HTML."""
        md.ESCAPED_CHARS = list(string.punctuation)
        md.inlinePatterns.register(_Code(_TICKS_RE, md), "backtick", 190)
        md.inlinePatterns.register(_Formula(MATH_RE, md), "math", 185)
        for name, pattern, priority in (
            ("raw_code", _RAW_CODE_RE, 95),
            ("html", HTML_TAG_RE.pattern, 90),
        ):
            raw = _RawHtml(pattern, md, filtered=self._filter, breaks=self._breaks)
            md.inlinePatterns.register(raw, name, priority)


class _Code(InlineProcessor):
    """A code span."""

    def __init__(self, pattern: str, md: Markdown) -> None:
        super().__init__(pattern, md)
        #: The last text without a closing run of a length. Its ends have none either, so thousands
        #: of open runs are searched once.
        self._unclosed: dict[int, str] = {}

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[Element, int, int] | tuple[None, None, None]:
        start, length = m.end(), len(m[2])
        end = self._end(data, start, length)
        if end is None:
            return None, None, None
        if formula := MATH.match(data, m.start(2) - 1):
            return _formula(formula), formula.start(), formula.end()
        text = data[start:end].replace("\n", " ")
        if text.strip(" ") and text[0] == text[-1] == " ":
            text = text[1:-1]
        after = end + length
        return Literal(text, data[m.start(2) : after]), m.start(2), after

    def _end(self, data: str, start: int, length: int) -> int | None:
        """The beginning of the next run of this length."""
        if self._unclosed.get(length, "").endswith(rest := data[start:]):
            return None
        found = re.compile(rf"(?<!`)`{{{length}}}(?!`)").search(data, start)
        if not found:
            self._unclosed[length] = rest
        return found.start() if found else None


class _Formula(InlineProcessor):
    def handleMatch(  # type: ignore[override]  # noqa: N802
        self,
        m: re.Match[str],
        data: str,  # noqa: ARG002
    ) -> tuple[Element, int, int]:
        return _formula(m), m.start(), m.end()


def _formula(found: re.Match[str]) -> Element:
    name, text = formula_of(found)
    return Literal(text, found[0], **{"class": name})


class _RawHtml(HtmlInlineProcessor):
    def __init__(self, pattern: str, md: Markdown, *, filtered: bool, breaks: bool) -> None:
        super().__init__(pattern, md)
        self._filtered = filtered
        self._breaks = breaks

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[str, int, int]:  # type: ignore[override]  # noqa: ARG002, N802
        written = self.backslash_unescape(self.unescape(m[0]))
        if self._filtered:
            written = shown_in_line(written, breaks=self._breaks)
        return self.md.htmlStash.store(written), m.start(), m.end()
