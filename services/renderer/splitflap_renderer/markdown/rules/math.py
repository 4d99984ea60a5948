"""Mathematics as GitHub writes it: `$x$`, `` $`x`$ ``, `$$x$$`, and `$$` on lines of their own.

The renderer keeps the formula as code, and a client draws it. A formula begins and ends at a word's
edge, so prices and variables of a shell stay text. The plugins of both libraries take
`$HOME/$USER` or `$5, or 6$` for a formula; this pattern serves both flavours.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from splitflap_renderer.scripts import NOT_IN_WORD, SPACED, SPACELESS

#: Classes of the code elements.
INLINE, DISPLAY = "math-inline", "math-display"

#: The language of a block of code that is a formula.
LANGUAGE = "math"

# The text of a formula has no other dollar and no placeholder of Python-Markdown.
_TEX = r"(?:\\[^\n\x02\x03]|[^\\$`\n\x02\x03])++"
_LINES = r"(?:\\[^\x02\x03]|[^\\$\x02\x03])++"
_PRICE = r"[0-9][0-9.,]*+[kKmM]?[.,;:!?)\]'\"]*+\s+[(\['\"]*+[^\W\d_]{2}"

#: `$$` on the first and the last line of a formula, which may have spaces at both.
_APART = rf"(?m:^)\$\$(?=\s)(?P<apart>{_LINES})(?<=\s)\$\$(?=[ \t]*+(?m:$))"

#: Possessive quantifiers keep the pattern linear. A script without spaces has no edges of words.
MATH_RE = (
    rf"{NOT_IN_WORD}(?<![$\\])(?:{_APART}|"
    rf"\$\$(?![\s$])(?P<display>{_LINES})(?<!\s)\$\$"
    r"|\$`(?P<code>[^`\n\x02\x03]++)`\$"
    rf"|\$(?![\s'\"),.;:!?\]])(?!{_PRICE})(?P<inline>{_TEX})(?<![\s(\[])\$"
    rf")(?!{SPACED}|[$({{]|(?<=[{SPACELESS}]\$)[{SPACELESS}])"
)
MATH = re.compile(MATH_RE)


def formula_of(found: re.Match[str]) -> tuple[str, str]:
    """The class and the text of a formula that MATH_RE has found."""
    if (display := found["display"] or found["apart"]) is not None:
        return DISPLAY, display.strip()
    return INLINE, found["code"] or found["inline"]


def use_math(md: MarkdownIt) -> None:
    """Add formulas within a line to a parser."""
    md.inline.ruler.before("escape", "math_inline", _math_inline)


def _math_inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "$" or not (found := MATH.match(state.src, state.pos)):
        return False
    if not silent:
        token = state.push("code_inline", "code", 0)
        name, token.content = formula_of(found)
        token.attrSet("class", name)
    state.pos = found.end()
    return True


def math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule of markdown-it-py for lines between two lines of `$$`."""
    if state.is_code_block(start) or not _is_fence(state, start):
        return False
    last = start + 1
    while last < end and not _is_fence(state, last):
        if state.sCount[last] < state.blkIndent and not state.isEmpty(last):
            return False
        last += 1
    if last >= end:
        return False
    if not silent:
        token = state.push("fence", "code", 0)
        token.info, token.markup = LANGUAGE, "$$"
        token.content = state.getLines(start + 1, last, state.sCount[start], True)
        token.map = [start, last + 1]
        state.line = last + 1
    return True


def _is_fence(state: StateBlock, line: int) -> bool:
    begin = state.bMarks[line] + state.tShift[line]
    if state.sCount[line] < state.blkIndent or not state.src.startswith("$$", begin):
        return False
    return not state.src[begin + 2 : state.eMarks[line]].strip()
