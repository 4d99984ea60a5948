"""The blocks of both flavours: CommonMark's, GitHub's, and Splitflap's spoilers and mathematics."""

from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import blockquote, list_block
from markdown_it.rules_core import StateCore

from splitflap_renderer.markdown.rules.containers import MAX_LEVEL, bounded
from splitflap_renderer.markdown.rules.fences import code_fence
from splitflap_renderer.markdown.rules.footnotes import use_footnotes
from splitflap_renderer.markdown.rules.html_tags import allowed_html, escape_lone_tags
from splitflap_renderer.markdown.rules.math import math_block
from splitflap_renderer.markdown.rules.references import used_reference
from splitflap_renderer.markdown.rules.spoiler import spoiler
from splitflap_renderer.markdown.rules.tables import whole_table
from splitflap_renderer.markdown.rules.targets import use_targets

#: How to read a text. `commonmark` and `github` keep to their specification, for the tests of
#: conformance. `posts` shows more of what people write: tags without their partner, links whose
#: target is not allowed, code beside a fence, unused definitions, and surplus cells of tables.
Grammar = Literal["commonmark", "github", "posts"]

#: The checkbox of a task, by its state.
CHECKBOXES = {
    True: '<input checked="" disabled="" type="checkbox"> ',
    False: '<input disabled="" type="checkbox"> ',
}

#: Characters of the tags of a quote, and of a spoiler with the directions of its blocks.
_QUOTE, _SPOILER = 26, 100

#: Removed from a text: these enclose placeholders in Python-Markdown and `link_syntax`.
_MARKERS = str.maketrans("", "", "\x02\x03\ufdd0\ufdd1")

_TERMINATES = ["paragraph", "reference", "blockquote"]


def use_blocks(md: MarkdownIt, grammar: Grammar) -> None:
    """Add the blocks beyond CommonMark's to a parser.

    Beyond `commonmark`, a block of HTML is text if it begins with no allowed tag.
    """
    md.enable("table").use(use_footnotes)
    # markdown-it-py drops the text of blocks below `maxNesting`, so they are not begun.
    md.options.update(tasklists=True, alerts=True, maxNesting=MAX_LEVEL + 10)
    alike = RuleOptionsType(alt=[*_TERMINATES, "list"])
    md.block.ruler.at("blockquote", bounded(blockquote, _QUOTE), alike)
    md.block.ruler.at("list", bounded(list_block), {"alt": _TERMINATES})
    md.block.ruler.before("blockquote", "spoiler", bounded(spoiler, _SPOILER), alike)
    md.block.ruler.after("fence", "math_block", math_block, alike)
    md.core.ruler.before("normalize", "markers", _without_markers)
    md.core.ruler.after("block", "as_specified", _as_specified)
    if grammar != "commonmark":
        md.block.ruler.at("html_block", allowed_html, {"alt": _TERMINATES})
    if grammar == "posts":
        md.block.ruler.at("fence", code_fence, alike)
        md.block.ruler.at("reference", used_reference)
        md.block.ruler.at("table", whole_table, {"alt": ["paragraph", "reference"]})
        md.core.ruler.after("block", "lone_tags", escape_lone_tags)
        md.use(use_targets)


def _without_markers(state: StateCore) -> None:
    """Remove the characters with which a text would write placeholders."""
    state.src = state.src.translate(_MARKERS)


def _as_specified(state: StateCore) -> None:
    """Write attributes as GitHub's specification does. `decorate` adds the class of tasks."""
    for token in state.tokens:
        if style := token.attrs.pop("style", None):
            token.attrs["align"] = str(style).removeprefix("text-align:")
        if token.type in {"bullet_list_open", "ordered_list_open", "list_item_open"}:
            token.attrs.pop("class", None)
