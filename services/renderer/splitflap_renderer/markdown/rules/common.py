"""The blocks of both flavours: CommonMark's, GitHub's, and Splitflap's spoilers and mathematics."""

from typing import Any

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, blockquote, html_block, list_block
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_def

from splitflap_renderer.markdown.raw_html import begins_html
from splitflap_renderer.markdown.rules.math import math_block
from splitflap_renderer.markdown.rules.spoiler import spoiler

#: Deepest nesting of blocks, in levels of markdown-it-py: a quote has one, a list two. The markers
#: of deeper blocks stay text.
MAX_LEVEL = 40

_TERMINATES = ["paragraph", "reference", "blockquote"]


def use_blocks(md: MarkdownIt, *, filter_raw_html: bool = True) -> None:
    """Add the blocks beyond CommonMark's to a parser.

    `filter_raw_html` reads a block of HTML as text if it begins with no allowed tag.
    """
    md.enable("table").use(footnote_plugin, inline=False)
    # markdown-it-py drops the text of blocks below `maxNesting`, so they are not begun.
    md.options.update(tasklists=True, alerts=True, maxNesting=MAX_LEVEL + 10)
    alike = RuleOptionsType(alt=[*_TERMINATES, "list"])
    md.block.ruler.at("blockquote", _if_shallow(blockquote), alike)
    md.block.ruler.at("list", _if_shallow(list_block), {"alt": _TERMINATES})
    md.block.ruler.at("footnote_def", _if_shallow(footnote_def), {"alt": _TERMINATES[:2]})
    md.block.ruler.before("blockquote", "spoiler", _if_shallow(spoiler), alike)
    md.block.ruler.after("fence", "math_block", math_block, alike)
    if filter_raw_html:
        md.block.ruler.at("html_block", _allowed_html, {"alt": _TERMINATES})


def _if_shallow(rule: Any) -> Any:
    """The rule of a block that contains blocks."""

    def limited(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < MAX_LEVEL and rule(state, start, end, silent)

    return limited


def _allowed_html(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    begin = state.bMarks[start] + state.tShift[start]
    return begins_html(state.src, begin) and html_block(state, start, end, silent)
