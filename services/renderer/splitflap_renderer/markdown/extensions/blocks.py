"""Blocks of the flavour `markdown`: markdown-it-py finds them, Python-Markdown reads their text.

Python-Markdown splits a text at blank lines, and so merges or breaks lists, tables and code that
people write without them. This parser builds Python-Markdown's tree from the blocks of `gfm`
instead (docs/adr/0024).
"""

import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement

from markdown import Markdown
from markdown.blockparser import BlockParser
from markdown.extensions import Extension
from markdown.extensions.footnotes import FootnoteExtension
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from markdown_it import MarkdownIt
from markdown_it.token import Token

from splitflap_renderer.languages import language_of
from splitflap_renderer.markdown.extensions.tree import add_text
from splitflap_renderer.markdown.raw_html import shown
from splitflap_renderer.markdown.rules.common import CHECKBOXES, Grammar, use_blocks
from splitflap_renderer.markdown.rules.footnotes import CLOSE, OPEN, find_references


class BlocksExtension(Extension):
    """Replaces the parser of blocks, and the steps that would change the text of blocks."""

    def __init__(self, footnotes: FootnoteExtension, grammar: Grammar) -> None:
        super().__init__()
        self._footnotes = footnotes
        self._show = str if grammar == "commonmark" else shown
        self._blocks = MarkdownIt("commonmark")
        use_blocks(self._blocks, grammar)
        # Python-Markdown reads the text of blocks, and places the footnotes.
        self._blocks.disable(["inline", "footnote_tail"])
        self._blocks.core.ruler.before("unused_footnotes", "footnote_references", find_references)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Register this after all extensions that add processors of blocks."""
        for name in ("html_block", "normalize_whitespace"):
            md.preprocessors.deregister(name)
        md.treeprocessors.register(_Newlines(md), "prettify", 10)
        parser = TokenBlockParser(md, self._blocks, self._footnotes.setFootnote, self._show)
        md.parser = self._footnotes.parser = parser


class TokenBlockParser(BlockParser):
    """A block parser that builds the tree from the tokens of markdown-it-py."""

    def __init__(
        self,
        md: Markdown,
        blocks: MarkdownIt,
        set_footnote: Callable[[str, str], None],
        show: Callable[[str], str],
    ) -> None:
        """Python-Markdown gives the second argument of `set_footnote` to `parseChunk` later."""
        super().__init__(md)
        self._blocks = blocks
        self._set_footnote = set_footnote
        self._shown = show
        self._footnotes: dict[str, list[Token]] = {}

    def parseDocument(self, lines: Iterable[str]) -> ElementTree:  # noqa: N802
        """The tree of a text."""
        env: dict[str, Any] = {}
        tokens = self._blocks.parse("\n".join(lines), env)
        for label, reference in env.get("references", {}).items():
            self.md.references[label.lower()] = (reference["href"], reference["title"] or "")
        self._footnotes = {}
        self.root = Element(self.md.doc_tag)
        self._build(self.root, self._without_footnotes(tokens))
        return ElementTree(self.root)

    def parseChunk(self, parent: Element, text: str) -> None:  # noqa: N802
        """Add the blocks of the footnote with this label to an element."""
        self._build(parent, self._footnotes[text])

    def _without_footnotes(self, tokens: Iterable[Token]) -> list[Token]:
        """Keep the tokens of each footnote under its label; return the others."""
        text: list[Token] = []
        into = text
        for token in tokens:
            if token.type == OPEN:
                label = token.meta["label"]
                self._set_footnote(label, label)
                into = self._footnotes.setdefault(label, [])
            elif token.type == CLOSE:
                into = text
            else:
                into.append(token)
        return text

    def _build(self, parent: Element, tokens: Sequence[Token]) -> None:
        open_elements = [parent]
        checkbox = ""
        for token in tokens:
            if token.hidden:
                continue
            if token.nesting > 0:
                if token.tag != "p":
                    add_text(open_elements[-1], checkbox)
                element = SubElement(open_elements[-1], token.tag, _attributes(token))
                open_elements.append(element)
                if token.tag == "p":
                    element.text = checkbox
            elif token.nesting < 0:
                add_text(open_elements.pop(), checkbox)
            else:
                add_text(open_elements[-1], checkbox)
                self._leaf(open_elements[-1], token)
            checkbox = ""
            if "checked" in token.meta:
                checkbox = self.md.htmlStash.store(CHECKBOXES[token.meta["checked"]])

    def _leaf(self, parent: Element, token: Token) -> None:
        match token.type:
            case "inline":
                add_text(parent, token.content)
            case "fence" | "code_block":
                code = SubElement(SubElement(parent, "pre"), "code", _language(token))
                code.text = AtomicString(html.escape(token.content, quote=False))
            case "html_block":
                _add_raw(parent, self.md.htmlStash.store(self._shown(token.content)))
            case _:
                SubElement(parent, token.tag)


def _attributes(token: Token) -> dict[str, str]:
    return {name: str(value) for name, value in token.attrs.items()}


def _language(token: Token) -> dict[str, str]:
    name = language_of(token.info)
    return {"class": f"language-{name}"} if name else {}


def _add_raw(parent: Element, placeholder: str) -> None:
    """Add stashed HTML. Python-Markdown writes an element without a tag as its text."""
    raw = SubElement(parent, "p")
    raw.tag = None  # type: ignore[assignment]
    raw.text = AtomicString(placeholder)


class _Newlines(Treeprocessor):
    """Begins each block on a line of its own. Python-Markdown's also changes the end of code."""

    def run(self, root: Element) -> None:
        is_block = self.md.is_block_level
        for element in root.iter():
            if element.tag == "br" or is_block(element.tag):
                element.tail = "\n" + (element.tail or "").lstrip()
            if len(element) and is_block(element[0].tag):
                element.text = (element.text or "").rstrip() + "\n"
