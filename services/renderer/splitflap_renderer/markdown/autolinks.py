"""Autolinks of GitHub's specification (section 6.9) that the rule of mdit-py-plugins misses.

That rule reads characters during parsing, where an underscore in an e-mail address may still begin
an emphasis. This module reads the text after parsing, as cmark-gfm does. The specification links
`ftp://` too; the sanitiser keeps only its text.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.gfm_autolink import index

from splitflap_renderer.markdown.links import without_trailing

_LITERAL = re.compile(
    r"(?<![\w.+/:@-])(?:"
    r"(?P<email>[A-Za-z0-9.+_-]+@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)(?![@\w])"
    r"|(?P<ftp>ftp://[A-Za-z0-9][^\s<]*))"
)

#: Schemes before the colon of a link that the inline rule finds.
_PROTOCOLS = ("http", "https", "mailto", "xmpp")

#: Characters of the longest scheme, and the character before it.
_LOOK_BACK = max(map(len, _PROTOCOLS)) + 1


def autolinks(md: MarkdownIt) -> None:
    """Find e-mail addresses and `ftp://` in parsed text, instead of the inline rule for addresses.

    The inline rule for protocols searches all of the text before each colon, in quadratic time.
    This plugin wraps it, so that it reads only a few characters.
    """
    md.disable("gfm_autolink_email")
    md.inline.ruler.at("gfm_autolink_protocol", _protocol)
    md.core.ruler.push("autolinks", _rule)


def _protocol(state: StateInline, silent: bool) -> bool:
    if silent or state.linkLevel or not state.pending.endswith(_PROTOCOLS):
        return False
    # The rule sees only the end of the text. The parser joins the two pieces again.
    pending = state.pending
    state.pending = pending[:-_LOOK_BACK]
    if state.pending:
        state.pushPending()
    state.pending = pending[-_LOOK_BACK:]
    return index._protocol_rule(state, silent)  # noqa: SLF001


def _rule(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and ("@" in token.content or "ftp://" in token.content):
            token.children = _linked(token.children or [])


def _linked(children: list[Token]) -> list[Token]:
    linked: list[Token] = []
    depth = 0
    for child in children:
        depth += (child.type == "link_open") - (child.type == "link_close")
        linked += _split(child) if child.type == "text" and not depth else [child]
    return linked


def _split(token: Token) -> list[Token]:
    parts: list[Token] = []
    end = 0
    for found in _LITERAL.finditer(token.content):
        url = found[0] if found["email"] else without_trailing(found[0])
        if found["email"] and url.endswith(("-", "_")):
            continue
        parts += [_text(token.content[end : found.start()]), *_link(url, bool(found["email"]))]
        end = found.start() + len(url)
    return [*parts, _text(token.content[end:])] if parts else [token]


def _link(url: str, email: bool) -> list[Token]:
    href = f"mailto:{url}" if email else url
    return [
        Token("link_open", "a", 1, attrs={"href": href}),
        _text(url),
        Token("link_close", "a", -1),
    ]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
