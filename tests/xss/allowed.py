"""The allow-list of docs/html.md, written a second time and independent of the sanitiser.

html5lib builds the tree that a browser builds.
"""

import re
from typing import Any

import html5lib

HTML = "{http://www.w3.org/1999/xhtml}"

ELEMENTS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "div", "span", "blockquote"),
    *("ul", "ol", "li", "dl", "dt", "dd", "input", "pre", "code", "kbd", "samp", "var"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "details", "summary"),
    *("a", "img", "em", "strong", "b", "i", "u", "s", "del", "ins", "mark", "small"),
    *("sub", "sup", "ruby", "rt", "rp", "abbr", "cite", "q"),
}

SPAN = r"[1-9][0-9]?|100"

#: At most 4096 pixels, or a part of the width.
SIZE = r"([1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-6])(px)?|[1-9][0-9]?%|100%"

#: The allowed attributes of each element, with the forms of their values.
ATTRIBUTES = {
    "a": {
        "href": (
            r"(https?|mailto|tel|xmpp):[^\x00-\x20]*|#[^\x00-,./;-@\[-^`{-\xa0\u2000-\u206f]+"
            r"|/people/[\w.%-]+|/channels/[\w.%-]+"
        ),
        "title": r"[\s\S]*",
        "id": r"fnref-[0-9a-f]{8}-[0-9]+(:[0-9]+)?",
        "class": r"footnote-ref|footnote-backref|mention|channel|",
        "rel": r"nofollow ugc noopener",
    },
    "img": {
        "src": r"/proxy\?[0-9a-f]*",
        "alt": r"[\s\S]*",
        "title": r"[\s\S]*",
        "width": SIZE,
        "height": SIZE,
        "referrerpolicy": r"no-referrer",
    },
    "abbr": {"title": r"[\s\S]*"},
    "ol": {"start": r"[\s\S]*"},
    "li": {
        "id": r"fn-[0-9a-f]{8}-[0-9]+",
        "class": r"task-list-item|footnote-item|",
    },
    "sup": {"id": r"fn(ref)?-[0-9a-f]{8}-[0-9]+(:[0-9]+)?", "class": r"footnote-ref|"},
    "input": {"type": r"checkbox", "disabled": r"", "checked": r"[\s\S]*"},
    "details": {"open": r"[\s\S]*", "class": r"spoiler|"},
    "code": {"class": r"math-(inline|display)"},
    "div": {
        "class": r"((highlight|footnote|markdown-alert(-[a-z]+)?) ?)*",
        "data-language": r"[\w+#.*-]+",
    },
    "span": {"class": r"group-mention|([a-z][a-z0-9]{0,2} ?)*"},
    "p": {"class": r"markdown-alert-title|"},
    "td": {"align": r"left|center|right", "colspan": SPAN, "rowspan": SPAN},
    "th": {"align": r"left|center|right", "colspan": SPAN, "rowspan": SPAN},
    **{
        f"h{level}": {"id": r"user-content-[0-9a-f]{8}-[^\x00-,./:-@\[-^`{-\xa0\u2000-\u206f]+"}
        for level in range(1, 7)
    },
}

#: The direction of each block.
for _block in (
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "div", "details", "summary"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "th", "td"),
):
    ATTRIBUTES.setdefault(_block, {})["dir"] = r"auto"
ATTRIBUTES["pre"] = {"dir": r"ltr"}


def problems(html: str) -> list[str]:
    """The elements, comments and attributes beyond the allow-list."""
    fragment = html5lib.parseFragment(html, treebuilder="etree", namespaceHTMLElements=True)
    return [each for element in fragment.iter() for each in _problems(element)]


def _problems(element: Any) -> list[str]:
    if element.tag == "DOCUMENT_FRAGMENT":
        return []
    if not isinstance(element.tag, str):
        return [f"a comment or an instruction: {element.text!r}"]
    name = element.tag.removeprefix(HTML)
    if name not in ELEMENTS:
        return [f"the element {element.tag}"]
    forms = ATTRIBUTES.get(name, {})
    return [
        f"{name} {attribute}={value!r}"
        for attribute, value in element.attrib.items()
        if attribute not in forms or not re.fullmatch(forms[attribute], value)
    ]
