"""Blocks of the flavour `markdown`: markdown-it-py finds them, Python-Markdown reads their text.

Python-Markdown splits a text at blank lines, and so merges or breaks lists, tables and code that
people write without them. This parser builds Python-Markdown's tree from the blocks of CommonMark
and of GitHub's tables instead. Both flavours thus have the same blocks.
"""

import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement

from markdown import Markdown
from markdown.blockparser import BlockParser
from markdown.extensions import Extension
from markdown.extensions.footnotes import FootnoteExtension
from markdown.util import AtomicString
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from splitflap_renderer.markdown.raw_html import shown_block

#: Removed from the text: they enclose placeholders of Python-Markdown.
_MARKERS = str.maketrans("", "", "\x02\x03")


class BlocksExtension(Extension):
    """Replaces the parser of blocks, and the preprocessors that would change the text before it."""

    def __init__(self, footnotes: FootnoteExtension) -> None:
        super().__init__()
        self._footnotes = footnotes

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Register this after all extensions that add processors of blocks."""
        for name in ("html_block", "normalize_whitespace"):
            md.preprocessors.deregister(name)
        md.parser = self._footnotes.parser = TokenBlockParser(md, self._footnotes.setFootnote)


class TokenBlockParser(BlockParser):
    """A block parser that builds the tree from the tokens of markdown-it-py."""

    def __init__(self, md: Markdown, set_footnote: Callable[[str, str], None]) -> None:
        """`set_footnote` takes the label and the source of each definition of a footnote."""
        super().__init__(md)
        self._set_footnote = set_footnote
        self._blocks = MarkdownIt("commonmark").enable("table").use(footnote_plugin)
        # Python-Markdown reads the text of blocks, and places the footnotes.
        self._blocks.disable(["inline", "footnote_tail"])

    def parseDocument(self, lines: Iterable[str]) -> ElementTree:  # type: ignore[type-arg]  # noqa: N802
        """The tree of a text."""
        self.root = Element(self.md.doc_tag)
        self.parseChunk(self.root, "\n".join(lines))
        return ElementTree(self.root)

    def parseChunk(self, parent: Element, text: str) -> None:  # noqa: N802
        """Add the blocks of a text to an element."""
        source = text.translate(_MARKERS)
        env: dict[str, Any] = {}
        tokens = self._blocks.parse(source, env)
        for label, reference in env.get("references", {}).items():
            self.md.references[label.lower()] = (reference["href"], reference["title"] or None)
        self._build(parent, tokens, source.split("\n"))

    def _build(self, parent: Element, tokens: Sequence[Token], lines: Sequence[str]) -> None:
        open_elements = [parent]
        footnotes = 0
        for token in tokens:
            if token.type == "footnote_reference_open":
                footnotes += 1
                self._define(token, lines)
            elif token.type == "footnote_reference_close":
                footnotes -= 1
            elif footnotes or token.hidden:
                continue
            elif token.nesting > 0:
                open_elements.append(SubElement(open_elements[-1], token.tag, _attributes(token)))
            elif token.nesting < 0:
                open_elements.pop()
            else:
                self._leaf(open_elements[-1], token)

    def _leaf(self, parent: Element, token: Token) -> None:
        match token.type:
            case "inline":
                _add_text(parent, token.content)
            case "fence" | "code_block":
                code = SubElement(SubElement(parent, "pre"), "code", _language(token))
                code.text = AtomicString(html.escape(token.content, quote=False))
            case "html_block":
                SubElement(parent, "p").text = self.md.htmlStash.store(shown_block(token.content))
            case _:
                SubElement(parent, token.tag)

    def _define(self, token: Token, lines: Sequence[str]) -> None:
        """Keep the source of a footnote: its first line after the label, and the rest dedented."""
        begin, end = token.map or (0, 0)
        first, *others = lines[begin:end]
        text = first.partition("]:")[2].lstrip()
        rest = [line[min(4, len(line) - len(line.lstrip())) :] for line in others]
        self._set_footnote(token.meta["label"], "\n".join([text, *rest]))


def _attributes(token: Token) -> dict[str, str]:
    """The attributes of an element. GitHub writes the alignment of cells as `align`."""
    attributes = {name: str(value) for name, value in token.attrs.items()}
    if style := attributes.pop("style", None):
        attributes["align"] = style.removeprefix("text-align:")
    return attributes


def _language(token: Token) -> dict[str, str]:
    name = token.info.split(maxsplit=1)[:1]
    return {"class": f"language-{name[0]}"} if name else {}


def _add_text(parent: Element, text: str) -> None:
    """Add text to a block. In an item of a tight list it may follow another block."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
