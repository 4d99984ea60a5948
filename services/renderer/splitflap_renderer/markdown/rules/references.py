"""Definitions of references that the text uses: `[ann]: hello` is a speaker and a word.

CommonMark shows nothing of a definition. So a line is a definition only if the text uses its label,
and if it is the first with this label. Comments are hidden: `[//]: # (a comment)`.
"""

import re

from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.reference import reference

_LABEL = r"(?:\\.|[^\[\]\\]){1,999}+"

_DEFINED = re.compile(rf"(?s)\[({_LABEL})\]:")

#: A definition that leads nowhere.
_COMMENT = re.compile(
    r"\[[^\]\n]++\]:[ \t]*+(?:\#|<>)"
    r"""(?:[ \t]++(?:"[^"\n]*+"|'[^'\n]*+'|\([^()\n]*+\)))?+[ \t]*+(?=\n|\Z)"""
)

#: Fences, code spans, definitions and boxes of tasks come before labels, and use none.
_USED = re.compile(
    r"(?ms)^[ \t>*+-]*+(?P<fence>`{3,}+(?=[^`\n]*+$)|~{3,}+)[^\n]*+(?:.*?^[ \t>]*+(?P=fence)|.*+)"
    r"|(?<!`)(?P<ticks>``?)(?!`)(?:(?!\n[ \t>]*+\n).)*?(?<!`)(?P=ticks)(?!`)"
    rf"|^(?:[ \t>*+-]|\d++[.)])*+\[{_LABEL}\]:"
    r"|^[ \t>]*+(?:[*+-]|\d++[.)])[ \t]++\[[ xX]\](?=\s)"
    rf"|\\.|\[(?P<label>{_LABEL})\]"
)


def used_reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule of markdown-it-py for a definition or a comment."""
    begin = state.bMarks[start] + state.tShift[start]
    if not silent and not state.is_code_block(start) and _COMMENT.match(state.src, begin):
        state.line = start + 1
        return True
    found = _DEFINED.match(state.src, begin)
    if not found:
        return False
    label = _normalised(found[1])
    defined: set[str] = state.env.setdefault("defined_labels", set())
    if label in defined or label not in _used_labels(state):
        return False
    if not reference(state, start, end, silent):
        return False
    defined.add(label)
    return True


def _used_labels(state: StateBlock) -> set[str]:
    """The labels in brackets outside of code and definitions."""
    if "used_labels" not in state.env:
        found = (each["label"] for each in _USED.finditer(state.src))
        state.env["used_labels"] = {_normalised(label) for label in found if label}
    used: set[str] = state.env["used_labels"]
    return used


def _normalised(label: str) -> str:
    """A label in a quote may have a bracket at the beginning of its second line."""
    return " ".join(label.replace("\n>", "\n").casefold().split())
