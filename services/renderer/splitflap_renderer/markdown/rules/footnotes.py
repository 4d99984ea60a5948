"""Footnotes: the plugin of mdit-py-plugins, without its losses.

It drops a footnote without a reference, all but the last footnote of a label, and the rest of a
footnote with another one in it.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_def

#: Whether the parser is inside of a footnote.
_INSIDE = "inside_footnote"

#: A reference, as the plugin reads it.
_REFERENCE = re.compile(r"\[\^([^\]\s]+)\]")

OPEN, CLOSE = "footnote_reference_open", "footnote_reference_close"


def use_footnotes(md: MarkdownIt) -> None:
    """Add footnotes to a parser. A definition stands outside of other footnotes."""
    md.use(footnote_plugin, inline=False)
    md.block.ruler.at("footnote_def", _definition, {"alt": ["paragraph", "reference"]})
    md.block.ruler.at("reference", _reference, {"alt": []})
    md.core.ruler.before("footnote_tail", "unused_footnotes", _keep_unused)


def _definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if not silent and state.env.get(_INSIDE):
        return False
    before = state.env.get(_INSIDE, False)
    state.env[_INSIDE] = True
    found = footnote_def(state, start, end, silent)
    state.env[_INSIDE] = before
    return found


def _reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A definition of a link. Its name does not begin as a footnote's."""
    begin = state.bMarks[start] + state.tShift[start]
    return not state.src.startswith("[^", begin) and reference(state, start, end, silent)


def find_references(state: StateCore) -> None:
    """Note the footnotes whose name is in a text: for a parser that reads no inline syntax."""
    refs = state.env.get("footnotes", {}).get("refs", {})
    for token in state.tokens if refs else ():
        if token.type == "inline":
            for found in _REFERENCE.finditer(token.content):
                refs[f":{found[1]}"] = 0


def _keep_unused(state: StateCore) -> None:
    """Footnotes that the plugin would drop become text where they are written."""
    refs = state.env.get("footnotes", {}).get("refs", {})
    last = {token.meta["label"]: token for token in state.tokens if token.type == OPEN}
    kept: list[Token] = []
    unused = None
    for token in state.tokens:
        if token.type == OPEN:
            label = token.meta["label"]
            if refs[f":{label}"] < 0 or last[label] is not token:
                unused = f"[^{label}]: "
                continue
        elif token.type == CLOSE and unused is not None:
            unused = None
            continue
        elif unused and token.type == "inline":
            # Another parser may read the content, and the name may have another definition.
            token.content = f"\\{unused}{token.content}"
            token.children = [Token("text", "", 0, content=unused), *(token.children or ())]
            unused = ""
        kept.append(token)
    state.tokens = kept
