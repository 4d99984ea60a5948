"""Bare links of the flavour gfm, by the rules of `markdown/bare_links.py`.

URLs are found while the text is parsed, so that an underscore within a URL begins no emphasis.
E-mail addresses are found after it, where an underscore beside one may be an emphasis. cmark-gfm
does the same. The sanitiser keeps only the text of a link to `ftp://`.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from splitflap_renderer.markdown.bare_links import BareLink, bare_link, emails
from splitflap_renderer.markdown.entities import decoded
from splitflap_renderer.markdown.raw_html import LINK_END, LINK_START

#: The scheme before a colon.
_SCHEME = re.compile(r"(?i)(?:https?|ftp|mailto|xmpp)\Z")

#: Characters of the longest scheme.
_LOOK_BACK = 6

_ESCAPE = re.compile(r"\\([_*~])")


def autolinks(md: MarkdownIt) -> None:
    """Find bare links."""
    for letter in "wW":
        md.inline.add_terminator_char(letter)
    md.inline.ruler.push("bare_link", _bare_link)
    md.core.ruler.push("emails", _emails)


def _bare_link(state: StateInline, silent: bool) -> bool:
    """Read a link at the colon after its scheme, or at the first letter of `www.`."""
    if silent or state.linkLevel:
        return False
    begin = state.pos
    if state.src[begin] == ":":
        scheme = _SCHEME.search(state.pending[-_LOOK_BACK:])
        if scheme is None:
            return False
        begin -= len(scheme[0])
    elif state.src[begin] not in "wW":
        return False
    found = bare_link(state.src, begin, _after_escape)
    if found is None:
        return False
    state.pending = state.pending[: len(state.pending) - (state.pos - begin)]
    state.push("link_open", "a", 1).attrs = {"href": _unescaped(found.url)}
    state.push("text", "", 0).content = _unescaped(state.src[begin : found.end])
    state.push("link_close", "a", -1)
    state.pos = found.end
    return True


def _after_escape(text: str, place: int) -> int:
    found = _ESCAPE.match(text, place)
    return found.end() if found else place


def _unescaped(url: str) -> str:
    return decoded(_ESCAPE.sub(r"\1", url))


def _emails(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and "@" in token.content:
            token.children = _linked(token.children or [])


def _linked(children: list[Token]) -> list[Token]:
    linked: list[Token] = []
    depth = 0
    for child in children:
        depth = max(0, depth + _step(child))
        linked += _split(child) if child.type == "text" and not depth else [child]
    return linked


def _step(token: Token) -> int:
    """The number of links that the token opens, or minus the number that it closes."""
    if token.type == "html_inline":
        return bool(LINK_START.match(token.content)) - bool(LINK_END.match(token.content))
    return (token.type == "link_open") - (token.type == "link_close")


def _split(token: Token) -> list[Token]:
    parts: list[Token] = []
    text = token.content
    end = 0
    for found in emails(text):
        parts += [_text(text[end : found.start]), *_link(found, text[found.start : found.end])]
        end = found.end
    return [*parts, _text(text[end:])] if parts else [token]


def _link(found: BareLink, written: str) -> list[Token]:
    return [
        Token("link_open", "a", 1, attrs={"href": found.url}),
        _text(written),
        Token("link_close", "a", -1),
    ]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
