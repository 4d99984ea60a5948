"""Definitions of references, without those that are a speaker and a word: `[ann]: hello`.

CommonMark reads the word as a URL and shows nothing. The line is a definition only if the text uses
its label.
"""

import re

from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.reference import reference

#: A label, and a word with the marks at its end. The next line may have the word.
_LABEL_AND_WORD = re.compile(
    r"\[([^\[\]\n]{1,999}+)\]:[ \t]*+\n?[ \t]*+[^\W_]++[.!?,;\u2026]*+[ \t]*+(?:\n|\Z)"
)

_USED_LABEL = re.compile(r"\[([^\[\]]{1,999}+)\](?!:)")


def useful_reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule of markdown-it-py for a definition."""
    found = _LABEL_AND_WORD.match(state.src, state.bMarks[start] + state.tShift[start])
    if found and _normalised(found[1]) not in _used_labels(state):
        return False
    return reference(state, start, end, silent)


def _used_labels(state: StateBlock) -> set[str]:
    """The labels in brackets outside of definitions."""
    if "used_labels" not in state.env:
        labels = _USED_LABEL.findall(state.src)
        state.env["used_labels"] = {_normalised(label) for label in labels}
    used: set[str] = state.env["used_labels"]
    return used


def _normalised(label: str) -> str:
    return " ".join(label.casefold().split())
