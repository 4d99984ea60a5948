"""The two allow-lists for the HTML of a text. docs/html.md explains them.

1. `sanitised` keeps the elements and attributes that a text may use.
2. `decorate` adds Splitflap's own: ids of headings, links of mentions, highlighted code.
3. `final` keeps both. So the sanitiser has written everything that reaches a page, and a text
   cannot imitate Splitflap's additions.

Everything else is removed. The text in a removed element stays, except in scripts and styles.
"""

import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any

import nh3
from pygments.token import STANDARD_TYPES

from splitflap_renderer.footnote_ids import FOOTNOTE_ID
from splitflap_renderer.languages import LANGUAGES

#: `rel` of every link: no ranking, content by users, no access to the opening page.
LINK_REL = "nofollow ugc noopener"

URL_SCHEMES = {"http", "https", "mailto", "tel", "xmpp"}

TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "div", "span", "blockquote"),
    *("ul", "ol", "li", "dl", "dt", "dd", "input"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"),
    *("pre", "code", "kbd", "samp", "var"),
    *("a", "img", "em", "strong", "b", "i", "u", "s", "del", "ins", "mark", "small"),
    *("sub", "sup", "ruby", "rt", "rp", "abbr", "cite", "q", "details", "summary"),
}

#: The blocks that get the direction of their text.
BLOCKS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "div", "details", "summary"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "th", "td"),
}

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")

ATTRIBUTES: dict[str, set[str]] = {
    # Without this entry, nh3 allows title and lang everywhere.
    "*": set(),
    "a": {"href", "title", "id"},
    "img": {"src", "alt", "title", "width", "height"},
    "abbr": {"title"},
    "ol": {"start"},
    "li": {"id"},
    "sup": {"id"},
    # In the order of Markdown's HTML: nh3 adds missing ones in any order.
    "input": {"type", "disabled", "checked"},
    "details": {"open"},
    "code": {"class"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}

#: Further attributes, of Splitflap's additions.
ADDED_ATTRIBUTES: dict[str, set[str]] = {
    **{heading: {"id"} for heading in HEADINGS},
    "div": {"data-language"},
}

#: Attributes with a few allowed values.
ATTRIBUTE_VALUES = {cell: {"align": {"left", "center", "right"}} for cell in ("th", "td")}

#: The same, of Splitflap's additions.
ADDED_VALUES: dict[str, dict[str, set[str]]] = {
    **{block: {"dir": {"auto"}} for block in BLOCKS},
    **{cell: {"dir": {"auto"}} | values for cell, values in ATTRIBUTE_VALUES.items()},
    "pre": {"dir": {"ltr"}},
}

#: Set on every such element: an input is a disabled checkbox, an image sends no referrer.
FIXED_ATTRIBUTES = {
    "input": {"type": "checkbox", "disabled": ""},
    "img": {"referrerpolicy": "no-referrer"},
}

ALERTS = ("note", "tip", "important", "warning", "caution")

#: Classes that the parsers write: footnotes, alerts and spoilers. A text can write no class.
CLASSES = {
    "div": {"footnote", "markdown-alert", *(f"markdown-alert-{kind}" for kind in ALERTS)},
    "p": {"markdown-alert-title"},
    "details": {"spoiler"},
    "li": {"footnote-item"},
    "sup": {"footnote-ref"},
    "a": {"footnote-ref", "footnote-backref"},
}

#: Further classes, of Splitflap's additions: code with Pygments' token types, task lists, names.
#: Pygments has a red box for `err`, and `[1, …]` in JSON is no mistake.
ADDED_CLASSES = {
    "div": {"highlight"},
    "span": {name for name in STANDARD_TYPES.values() if name} - {"err"} | {"group-mention"},
    "li": {"task-list-item"},
    "a": {"mention", "channel"},
}

#: Classes of formulas.
FORMULAS = {"math-inline", "math-display"}

#: Begins the class that carries the language of a code block to `decorate`, which removes it.
_LANGUAGE_CLASS = "language-"

#: The most rows or columns that a cell of a table spans.
MAX_SPAN = 100

#: The class of an escaped `@`, `#` or `:`. `decorate` removes the element.
ESCAPE_MARKER = "literal"

#: Largest width and height that a text gives an image, in pixels. Others are ignored.
MAX_PIXELS = 4_096

#: The salt of the text that is being sanitised.
_salt: ContextVar[str] = ContextVar("salt")

#: A link within the text: to a footnote, or to a heading by a name that `decorate` replaces by the
#: heading's id.
FRAGMENT = re.compile(r"#[^\s\"'<>&]{1,10000}")

#: The part of a heading's id after the salt: letters of any script, digits, `_` and `-`.
_NAME = re.compile(r"[^\x00-,./:-@\[-^`{-\xa0\u2000-\u206f]{1,220}")

_SIZE = re.compile(r"([1-9][0-9]{0,3})(px|%)?")

_SPAN = re.compile(r"[1-9][0-9]{0,2}")

#: Invalid in URLs. Browsers remove some of them, and terminals interpret others in logs.
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def sanitised(html: str, salt: str) -> str:
    """The HTML with the elements and attributes that a text with this salt may use.

    An HTML parser reads `&#2;` as U+0002. Both flavours remove that character from a text.
    """
    _salt.set(salt)
    return _cleaner.clean(html).replace("\x02", "\ufffd").replace("\x03", "\ufffd")


def final(html: str, heading_prefix: str, salt: str) -> str:
    """Decorated HTML with the elements and attributes of texts and of Splitflap's additions."""
    _salt.set(salt)
    return _final_cleaner(heading_prefix).clean(html)


def language_in(class_: str) -> str:
    """The language that the class of a code block carries, or an empty string."""
    language = class_.removeprefix(_LANGUAGE_CLASS)
    return language if language != class_ and language in LANGUAGES else ""


def _is_own_footnote(value: str) -> bool:
    found = FOOTNOTE_ID.fullmatch(value)
    return bool(found and found[1] == _salt.get())


def _is_own_heading(value: str, prefix: str) -> bool:
    own = f"{prefix}{_salt.get()}-"
    return value.startswith(own) and bool(_NAME.fullmatch(value, len(own)))


def _is_size(value: str) -> bool:
    found = _SIZE.fullmatch(value)
    return found is not None and int(found[1]) <= (100 if found[2] == "%" else MAX_PIXELS)


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "id":
        return value if _is_own_footnote(value) else None
    if name in {"href", "src"} and CONTROL.search(value):
        return None
    if name in {"colspan", "rowspan"}:
        return value if _SPAN.fullmatch(value) and int(value) <= MAX_SPAN else None
    if name in {"width", "height"}:
        return value if _is_size(value) else None
    if tag == "code" and name == "class":
        return value if value in FORMULAS or language_in(value) else None
    return value


def _fragment(url: str) -> str | None:
    """Keep a URL without a scheme only if it leads to a place within the text."""
    return url if FRAGMENT.fullmatch(url) else None


def _make_cleaner(
    attributes: dict[str, set[str]],
    values: dict[str, dict[str, set[str]]],
    attribute_filter: Callable[[str, str, str], str | None],
    classes: dict[str, set[str]],
    url_relative: Any,
) -> nh3.Cleaner:
    """A cleaner with the common lists, and what differs between the two steps."""
    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags={"script", "style"},
        attributes=attributes,
        attribute_filter=attribute_filter,
        link_rel=LINK_REL,
        generic_attribute_prefixes=set(),
        tag_attribute_values=values,
        set_tag_attribute_values=FIXED_ATTRIBUTES,
        url_schemes=URL_SCHEMES,
        allowed_classes=classes,
        url_relative=url_relative,
    )


_cleaner = _make_cleaner(
    ATTRIBUTES, ATTRIBUTE_VALUES, _attribute, CLASSES | {"span": {ESCAPE_MARKER}}, _fragment
)


@cache
def _final_cleaner(heading_prefix: str) -> nh3.Cleaner:
    """The cleaner for this prefix. The prefix is a setting, so a process builds one."""

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "id" and tag in HEADINGS:
            return value if _is_own_heading(value, heading_prefix) else None
        if name == "data-language":
            return value if value in LANGUAGES else None
        if tag == "code":
            return value if value in FORMULAS else None
        return _attribute(tag, name, value)

    return _make_cleaner(
        ATTRIBUTES | ADDED_ATTRIBUTES,
        ADDED_VALUES,
        attribute,
        {
            tag: CLASSES.get(tag, set()) | ADDED_CLASSES.get(tag, set())
            for tag in CLASSES | ADDED_CLASSES
        },
        # A relative URL here comes from a setting, or leads to a place within the text.
        "pass_through",
    )
