"""Markers of escaped characters in the flavour gfm.

An escaped `@`, `#` or `:`, also written as an entity, begins no name and no emoji. markdown-it-py
joins it with the text around it, so it gets an element before that. `decorate` removes the element.
"""

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.escape import escape
from markdown_it.token import Token

from splitflap_renderer.html.sanitiser import ESCAPE_MARKER


def mark_escapes(md: MarkdownIt) -> None:
    """Mark escaped characters."""
    md.inline.ruler.at("escape", _escape)
    md.core.ruler.before("text_join", "escapes", _mark_children)


def _escape(state: StateInline, silent: bool) -> bool:
    """Leave a backslash before a letter in the text, so that a link may follow it."""
    following = state.src[state.pos + 1 : state.pos + 2]
    return not following.isalnum() and escape(state, silent)


def _mark_children(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and ("\\" in token.content or "&" in token.content):
            token.children = [each for child in token.children or [] for each in _marked(child)]


def _marked(token: Token) -> list[Token]:
    if token.type != "text_special" or token.content not in {"@", "#", ":"}:
        return [token]
    return [
        Token("escape_open", "span", 1, attrs={"class": ESCAPE_MARKER}),
        Token("text", "", 0, content=token.content),
        Token("escape_close", "span", -1),
    ]
