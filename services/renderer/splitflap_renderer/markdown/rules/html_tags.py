"""Tags that are no HTML: a tag that is not allowed, or one without its partner.

People write `<table>` or `vector<b>` as words. Without an end tag such a word would vanish, and
format the rest of the post. The partner of `b` and the like stands in the same paragraph, the
partner of `details` anywhere in the text.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markdown_it.rules_block import StateBlock, html_block
from markdown_it.rules_core import StateCore

from splitflap_renderer.html.sanitiser import URL_SCHEMES
from splitflap_renderer.html.tokens import INLINE, VOID
from splitflap_renderer.markdown.raw_html import OPEN_OR_CLOSE, WRITABLE

#: Elements whose end tag HTML lets people omit, and the elements around them.
_WITHIN = {
    "li": {"ul", "ol"},
    "dt": {"dl"},
    "dd": {"dl"},
    "rt": {"ruby"},
    "rp": {"ruby"},
    **{part: {"table"} for part in ("thead", "tbody", "tfoot", "tr", "td", "th")},
}

#: Elements within a line that need an end tag.
_PAIRED_INLINE = INLINE - VOID - _WITHIN.keys()

_NAME = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*+)")
_AUTOLINK = r"<(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{1,31}):[^\s<>]*>"
_INLINE = re.compile(rf"\\.|(?P<ticks>`+)|{_AUTOLINK}|{OPEN_OR_CLOSE}", re.DOTALL)


def allowed_html(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule of markdown-it-py for a block of HTML that begins with a tag or a whole comment."""
    begin = state.bMarks[start] + state.tShift[start]
    if state.src.startswith("<!--", begin):
        is_html = state.src.find("-->", begin) >= 0
    else:
        found = _NAME.match(state.src, begin)
        name = found[2].lower() if found else ""
        is_html = name in WRITABLE and _is_complete(name, _with_partners(state))
    return is_html and html_block(state, start, end, silent)


def escape_lone_tags(state: StateCore) -> None:
    """Put a backslash before each tag within a line that lacks its partner.

    An autolink of another scheme, such as `<std::string>`, gets one, too.
    """
    for token in state.tokens:
        if token.type == "inline" and "<" in token.content:
            lone = sorted(_lone_tags(token.content, _with_partners(state)))
            edges = pairwise([0, *lone, len(token.content)])
            token.content = "\\".join(token.content[begin:end] for begin, end in edges)


def _with_partners(state: StateBlock | StateCore) -> set[str]:
    """The names that have a start tag and an end tag in the text."""
    if "partners" not in state.env:
        names: dict[str, set[str]] = {"": set(), "/": set()}
        for slash, name in _NAME.findall(state.src):
            names[slash].add(name.lower())
        state.env["partners"] = names[""] & names["/"]
    partners: set[str] = state.env["partners"]
    return partners


def _is_complete(name: str, partners: set[str]) -> bool:
    """Whether a tag with this name is HTML in a text with these partners."""
    return name in VOID or bool(_WITHIN.get(name, {name}) & partners)


def _lone_tags(text: str, partners: set[str]) -> Iterator[int]:
    """The places of tags without their partner."""
    open_: dict[str, list[int]] = {}
    for tag in _outside_code(list(_INLINE.finditer(text))):
        if tag["scheme"]:
            if tag["scheme"].lower() not in URL_SCHEMES:
                yield tag.start()
            continue
        name = (tag["open"] or tag["close"]).lower()
        if name not in WRITABLE:
            continue
        if name not in _PAIRED_INLINE:
            if not _is_complete(name, partners):
                yield tag.start()
        elif tag["open"]:
            open_.setdefault(name, []).append(tag.start())
        elif open_.get(name):
            open_[name].pop()
        else:
            yield tag.start()
    for places in open_.values():
        yield from places


def _outside_code(found: Sequence[re.Match[str]]) -> Iterator[re.Match[str]]:
    """The tags outside of code spans. A span ends at the next run of as many backticks."""
    ends: dict[int, int] = {}
    following: dict[str, int] = {}
    for each in reversed(found):
        if ticks := each["ticks"]:
            ends[each.start()] = following.get(ticks, 0)
            following[ticks] = each.end()
    end = 0
    for each in found:
        if each.start() < end:
            continue
        end = ends.get(each.start(), end)
        if each["open"] or each["close"] or each["scheme"]:
            yield each
