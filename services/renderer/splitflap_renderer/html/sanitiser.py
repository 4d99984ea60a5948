"""The allow-lists: what of a rendered text reaches a reader's browser. docs/html.md says why.

There are two. What a text may say is cleaned first; then `decorate` adds what is Splitflap's to
add (ids of headings, links of mentions, marked code), and everything is cleaned once more, by a
list that has this in it too. So nothing reaches a page that the sanitiser did not write, and no
text can dress up as what Splitflap adds.

Everything that is not named is removed; the text inside a removed element stays, but for scripts
and style sheets.
"""

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import nh3
from pygments.lexers import get_all_lexers
from pygments.token import STANDARD_TYPES

from splitflap_renderer.footnote_ids import FOOTNOTE_ID

#: What every link says of itself: it is a user's, earns no rank, and gets no handle on our page.
LINK_REL = "nofollow ugc noopener"

URL_SCHEMES = {"http", "https", "mailto"}

TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "div", "span", "blockquote"),
    *("ul", "ol", "li", "dl", "dt", "dd", "input"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"),
    *("pre", "code", "kbd", "samp", "var"),
    *("a", "img", "em", "strong", "b", "i", "u", "s", "del", "ins", "mark", "small"),
    *("sub", "sup", "abbr", "cite", "q", "details", "summary"),
}

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")

ATTRIBUTES: dict[str, set[str]] = {
    # nh3 allows title and lang everywhere where nothing is said of all elements.
    "*": set(),
    "a": {"href", "title", "id"},
    "img": {"src", "alt", "title", "width", "height"},
    "abbr": {"title"},
    "ol": {"start"},
    "li": {"id"},
    "sup": {"id"},
    # In the order that Markdown writes them: nh3 adds missing ones in any order.
    "input": {"type", "disabled", "checked"},
    "details": {"open"},
    "code": {"class"},
}

#: Beyond these, of what Splitflap adds.
ADDED_ATTRIBUTES: dict[str, set[str]] = {
    **{heading: {"id"} for heading in HEADINGS},
    "div": {"data-language"},
    "code": set(),
}

#: Attributes with few legal values.
ATTRIBUTE_VALUES = {cell: {"align": {"left", "center", "right"}} for cell in ("th", "td")}

#: Whatever a text says: an input is a dead checkbox, an image tells its host nothing of the page.
FIXED_ATTRIBUTES = {
    "input": {"type": "checkbox", "disabled": ""},
    "img": {"referrerpolicy": "no-referrer"},
}

ALERTS = ("note", "tip", "important", "warning", "caution")

#: Classes of Pygments (token types, highlighted lines, line numbers), task lists, footnotes and
#: alerts.
CLASSES = {
    "span": {name for name in STANDARD_TYPES.values() if name} | {"hll", "normal", "special"},
    "div": {
        *("highlight", "linenodiv", "footnote", "markdown-alert"),
        *(f"markdown-alert-{kind}" for kind in ALERTS),
    },
    "p": {"markdown-alert-title"},
    "table": {"highlighttable"},
    "td": {"linenos", "code"},
    "ul": {"task-list"},
    "ol": {"task-list"},
    "li": {"task-list-item", "footnote-item"},
    "sup": {"footnote-ref"},
    "a": {"footnote-ref", "footnote-backref"},
}

#: The languages that a code block can be labelled with: Pygments' first alias by each alias.
LANGUAGES = {
    alias: aliases[0] for _, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases
}

#: The class of a code block that carries its language to the decorating step, which takes it off.
LANGUAGE_CLASS = re.compile(r"language-([\w+#.*-]{1,40})")

#: The hash of the text that is being cleaned.
_text_hash: ContextVar[str] = ContextVar("text_hash")

#: What a link within the text may say: a footnote, or the name of a heading, which `decorate`
#: turns into its id.
FRAGMENT = re.compile(r"#[^\s\"'<>&]{1,200}")

#: No URL has these; browsers take some of them out, and log readers act on others.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def sanitised(html: str, text_hash: str) -> str:
    """The HTML with nothing but what a text of this hash may say."""
    _text_hash.set(text_hash)
    return _cleaner.clean(html)


def final(html: str, heading_prefix: str, text_hash: str) -> str:
    """Decorated HTML with nothing but what a text may say and Splitflap may add."""
    _text_hash.set(text_hash)
    return _final_cleaner(heading_prefix).clean(html)


def _is_own_footnote(value: str) -> bool:
    found = FOOTNOTE_ID.fullmatch(value)
    return bool(found and found[1] == _text_hash.get())


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "id":
        return value if _is_own_footnote(value) else None
    if name in {"href", "src"} and _CONTROL.search(value):
        return None
    if tag == "code" and name == "class":
        return value if LANGUAGE_CLASS.fullmatch(value) else None
    return value


def _fragment(url: str) -> str | None:
    """Of URLs without a scheme, only those within the text: what others lead to, no one knows."""
    return url if FRAGMENT.fullmatch(url) else None


def _make_cleaner(
    attributes: dict[str, set[str]],
    attribute_filter: Callable[[str, str, str], str | None],
    classes: dict[str, set[str]],
    url_relative: Any,
) -> nh3.Cleaner:
    """What is allowed at both times, and beside it what is allowed at one."""
    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags={"script", "style"},
        attributes=attributes,
        attribute_filter=attribute_filter,
        link_rel=LINK_REL,
        generic_attribute_prefixes=set(),
        tag_attribute_values=ATTRIBUTE_VALUES,
        set_tag_attribute_values=FIXED_ATTRIBUTES,
        url_schemes=URL_SCHEMES,
        allowed_classes=CLASSES | classes,
        url_relative=url_relative,
    )


_cleaner = _make_cleaner(
    ATTRIBUTES,
    _attribute,
    {"div": CLASSES["div"] | {f"language-{name}" for name in LANGUAGES}},
    _fragment,
)

_finals: dict[str, nh3.Cleaner] = {}


def _final_cleaner(heading_prefix: str) -> nh3.Cleaner:
    """One a process: the prefix is a setting."""
    if heading_prefix not in _finals:
        _finals[heading_prefix] = _make_final(heading_prefix)
    return _finals[heading_prefix]


def _make_final(heading_prefix: str) -> nh3.Cleaner:
    heading_id = re.compile(rf"{re.escape(heading_prefix)}[\w-]{{1,100}}")

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "id":
            if tag in HEADINGS:
                return value if heading_id.fullmatch(value) else None
            return value if _is_own_footnote(value) else None
        return value if name != "data-language" or value in LANGUAGES else None

    return _make_cleaner(
        ATTRIBUTES | ADDED_ATTRIBUTES,
        attribute,
        {"a": CLASSES["a"] | {"mention", "channel"}},
        # What is relative here is an operator's URL, or a place within the text.
        "pass_through",
    )
