"""Spoilers: lines that begin with `>!`, as Stack Exchange writes them.

A spoiler becomes `<details>`, which a browser opens without a script. Lines below the first may
begin with `>` alone, so that a forgotten `!` reveals nothing.
"""

from markdown_it.common.utils import isStrSpace
from markdown_it.rules_block import StateBlock

#: The text of the element that opens a spoiler.
TITLE = "Spoiler"


def spoiler(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule of markdown-it-py for a spoiler."""
    if state.is_code_block(start) or not _begins(state, start, ">!"):
        return False
    if silent:
        return True
    after = start + 1
    while after < end and state.sCount[after] >= state.blkIndent and _begins(state, after, ">"):
        after += 1
    _push(state, start, after)
    return True


def _begins(state: StateBlock, line: int, marker: str) -> bool:
    return state.src.startswith(marker, state.bMarks[line] + state.tShift[line])


def _push(state: StateBlock, start: int, after: int) -> None:
    kept = [each[start:after] for each in (state.bMarks, state.tShift, state.sCount, state.bsCount)]
    outside = state.lineMax, state.parentType, state.blkIndent
    for line in range(start, after):
        _remove_marker(state, line)
    state.lineMax, state.parentType, state.blkIndent = after, "blockquote", 0
    state.push("spoiler_open", "details", 1).attrSet("class", "spoiler")
    state.push("spoiler_title_open", "summary", 1)
    title = state.push("inline", "", 0)
    title.content, title.children = TITLE, []
    state.push("spoiler_title_close", "summary", -1)
    state.md.block.tokenize(state, start, after)
    state.push("spoiler_close", "details", -1)
    state.lineMax, state.parentType, state.blkIndent = outside
    state.bMarks[start:after], state.tShift[start:after] = kept[0], kept[1]
    state.sCount[start:after], state.bsCount[start:after] = kept[2], kept[3]
    state.line = after


def _remove_marker(state: StateBlock, line: int) -> None:
    """Let a line begin after its marker and one space."""
    begin = state.bMarks[line] + state.tShift[line]
    begin += 2 if state.src.startswith(">!", begin) else 1
    if state.src.startswith(" ", begin):
        begin += 1
    text, column = begin, 0
    while text < state.eMarks[line] and isStrSpace(state.src[text]):
        column += 4 - column % 4 if state.src[text] == "\t" else 1
        text += 1
    state.bMarks[line], state.tShift[line] = begin, text - begin
    state.sCount[line], state.bsCount[line] = column, 0
