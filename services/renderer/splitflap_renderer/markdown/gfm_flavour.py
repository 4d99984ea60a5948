"""The flavour `gfm`: CommonMark 0.31.2 with GitHub's extensions, by markdown-it-py.

GitHub's specification adds tables, strikethrough, task lists, autolinks and disallowed raw HTML.
GitHub itself also renders footnotes and alerts, and so does this flavour. Other raw HTML passes
here; the sanitiser removes what is unsafe.
"""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.autolink import autolink
from markdown_it.token import Token

from splitflap_renderer.languages import language_of
from splitflap_renderer.markdown.preview_key import preview_key
from splitflap_renderer.markdown.raw_html import shown, shown_in_line
from splitflap_renderer.markdown.rules.autolinks import autolinks
from splitflap_renderer.markdown.rules.common import CHECKBOXES, Grammar, use_blocks
from splitflap_renderer.markdown.rules.escapes import mark_escapes
from splitflap_renderer.markdown.rules.math import use_math

#: Marks the token of `<https://...>`.
_NO_PREVIEW = "no_preview"

Env = MutableMapping[str, Any]


class _Parser(MarkdownIt):
    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 - markdown-it's name
        """The text of `<https://...>` as written. The base decodes the host and the path."""
        return link


class GfmFlavour:
    """A parser without state between texts. Build it once.

    With `breaks`, a newline within a paragraph is a line break. The grammar `commonmark` has no
    bare links and no filter of disallowed tags: these extensions of GitHub contradict some of
    CommonMark's examples.
    """

    def __init__(self, grammar: Grammar = "posts", *, breaks: bool = False) -> None:
        self._md = _Parser("commonmark", {"breaks": breaks}).enable("strikethrough")
        self._md.options["strikethrough_single_tilde"] = True
        use_blocks(self._md, grammar)
        use_math(self._md)
        self._md.inline.ruler.at("autolink", _angled)
        rules = _RULES if grammar == "commonmark" else _RULES | _FILTER
        for name, rule in rules.items():
            self._md.add_render_rule(name, rule)
        if grammar != "commonmark":
            self._md.use(autolinks).use(mark_escapes)

    def convert(self, text: str, salt: str) -> tuple[str, list[str]]:
        """The HTML before sanitising, and the links that get previews, in reading order.

        `salt` keeps the ids of this text's footnotes apart from those of other texts.
        """
        # The footnotes' plugin builds its ids from `docId`: fn-<docId>-<number>.
        env: Env = {"docId": salt}
        tokens = self._md.parse(text, env)
        links = [url for token in _flat(tokens) if (url := _previewed(token))]
        return str(self._md.renderer.render(tokens, self._md.options, env)), links


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _previewed(token: Token) -> str | None:
    """The key of a link's preview, or None."""
    if token.type != "link_open" or token.meta.get(_NO_PREVIEW):
        return None
    return preview_key(str(token.attrs.get("href", "")))


def _angled(state: StateInline, silent: bool) -> bool:
    """Parse `<https://...>`, and mark its link as one without preview."""
    before = len(state.tokens)
    found = autolink(state, silent)
    for token in state.tokens[before:] if found and not silent else ():
        if token.type == "link_open":
            token.meta[_NO_PREVIEW] = True
    return found


def _list_item(self: Any, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
    """The tag of an item, and the checkbox of a task without a paragraph of its own."""
    html = str(self.renderToken(tokens, idx, options, env))
    return html if _in_paragraph(tokens, idx) else html + _checkbox(tokens[idx])


def _paragraph(self: Any, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
    html = str(self.renderToken(tokens, idx, options, env))
    return html + _checkbox(tokens[idx - 1]) if idx and _in_paragraph(tokens, idx - 1) else html


def _in_paragraph(tokens: Sequence[Token], item: int) -> bool:
    following = tokens[item + 1]
    return following.type == "paragraph_open" and not following.hidden


def _checkbox(item: Token) -> str:
    checked = item.meta.get("checked")
    return "" if checked is None else CHECKBOXES[checked]


def _fence(self: Any, tokens: Sequence[Token], idx: int, options: Any, env: Env) -> str:
    tokens[idx].info = language_of(tokens[idx].info) or tokens[idx].info
    return str(self.fence(tokens, idx, options, env))


def _raw(_self: Any, tokens: Sequence[Token], idx: int, *_: Any) -> str:
    return shown(tokens[idx].content)


def _raw_in_line(_self: Any, tokens: Sequence[Token], idx: int, options: Any, *_: Any) -> str:
    return shown_in_line(tokens[idx].content, breaks=options.breaks)


def _fixed(html: str) -> Callable[..., str]:
    return lambda *_: html


#: Tokens with HTML other than markdown-it's.
_RULES: dict[str, Callable[..., str]] = {
    "list_item_open": _list_item,
    "paragraph_open": _paragraph,
    "fence": _fence,
    "s_open": _fixed("<del>"),
    "s_close": _fixed("</del>"),
    "footnote_block_open": _fixed('<div class="footnote">\n<hr>\n<ol>\n'),
    "footnote_block_close": _fixed("</ol>\n</div>\n"),
}

_FILTER: dict[str, Callable[..., str]] = {"html_block": _raw, "html_inline": _raw_in_line}
