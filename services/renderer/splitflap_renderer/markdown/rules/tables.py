"""Tables whose rows may have more cells than the head: the last column takes the surplus.

GitHub's specification drops it, and people write `||` in cells.
"""

from itertools import pairwise

from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import escapedSplit, getLine, table


def whole_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule of markdown-it-py for a table."""
    first = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    columns = 0
    for token, following in pairwise(state.tokens[first:]):
        if token.type == "th_open":
            columns += 1
        elif token.type == "tr_open":
            line = token.map[0] if token.map else start
            column = 0
        elif token.type == "td_open":
            column += 1
            if column == columns:
                surplus = _cells(getLine(state, line))[columns - 1 :]
                following.content = " | ".join(surplus).strip()
    return True


def _cells(row: str) -> list[str]:
    cells = [cell.strip() for cell in escapedSplit(row.strip())]
    if cells and not cells[0]:
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return cells
