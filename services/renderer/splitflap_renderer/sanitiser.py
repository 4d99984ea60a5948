"""The allow-list: what of a rendered text reaches a reader's browser. README.md says why.

Everything that is not named here is removed; the text inside a removed element stays, but for
scripts and style sheets.
"""

import re

import nh3
from pygments.token import STANDARD_TYPES

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

ATTRIBUTES: dict[str, set[str]] = {
    # nh3 allows title and lang everywhere where nothing is said of all elements.
    "*": set(),
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "abbr": {"title"},
    "ol": {"start"},
    "li": {"id"},
    "sup": {"id"},
    # In the order that Markdown writes them: nh3 adds missing ones in any order.
    "input": {"type", "disabled", "checked"},
    "details": {"open"},
}

#: Attributes with few legal values.
ATTRIBUTE_VALUES = {cell: {"align": {"left", "center", "right"}} for cell in ("th", "td")}

#: Whatever a text says: an input is a dead checkbox, an image tells its host nothing of the page.
FIXED_ATTRIBUTES = {
    "input": {"type": "checkbox", "disabled": ""},
    "img": {"referrerpolicy": "no-referrer"},
}

#: Classes of Pygments (token types, highlighted lines, line numbers), task lists and footnotes.
CLASSES = {
    "span": {name for name in STANDARD_TYPES.values() if name} | {"hll", "normal", "special"},
    "div": {"highlight", "linenodiv", "footnote"},
    "table": {"highlighttable"},
    "td": {"linenos", "code"},
    "ul": {"task-list"},
    "ol": {"task-list"},
    "li": {"task-list-item"},
    "a": {"footnote-ref", "footnote-backref"},
}

#: The only ids: a hash of the text and a number. They can neither meet those of another text on
#: the same page nor shadow a global of the page's scripts.
FOOTNOTE_ID = re.compile(r"fn-[0-9a-f]{8}-[0-9]{1,6}")


def footnote_id(text_hash: str, number: int) -> str:
    """An id that FOOTNOTE_ID allows."""
    return f"fn-{text_hash}-{number}"


def sanitised(html: str) -> str:
    """The HTML with nothing but what the allow-list names."""
    return _cleaner.clean(html)


def _attribute(_tag: str, name: str, value: str) -> str | None:
    return None if name == "id" and not FOOTNOTE_ID.fullmatch(value) else value


def _relative_url(url: str) -> str | None:
    """Of URLs without a scheme, only those of footnotes: what others lead to, no text can know."""
    return url if url.startswith("#") and FOOTNOTE_ID.fullmatch(url[1:]) else None


_cleaner = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags={"script", "style"},
    attributes=ATTRIBUTES,
    attribute_filter=_attribute,
    link_rel=LINK_REL,
    generic_attribute_prefixes=set(),
    tag_attribute_values=ATTRIBUTE_VALUES,
    set_tag_attribute_values=FIXED_ATTRIBUTES,
    url_schemes=URL_SCHEMES,
    allowed_classes=CLASSES,
    url_relative=_relative_url,
)
