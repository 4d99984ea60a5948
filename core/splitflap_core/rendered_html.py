"""Checks that HTML has the form and the elements of a renderer's output (docs/html.md).

A renderer handles hostile texts. If one is broken into, its HTML must still run no script in a
reader's browser. nh3 writes HTML in one regular form: each `<` begins a tag, each tag is closed,
and each value stands in double quotes. This check refuses every other form, so a browser reads the
same elements as these patterns do. It costs as much as a second pass of nh3, but in small steps.
"""

import re
from collections.abc import Callable, Mapping

#: Tags between two calls of `pause`: about 1 ms.
TAGS_PER_STEP = 400

_TEXT = r'[^"]*'
_CLASS = r"[\w -]*"
_SIDE = r"left|center|right"
_FOOTNOTE = r"fn(?:ref)?-[0-9a-f]{8}-[0-9]{1,6}(?::[0-9]{1,6})?"
#: A heading's id has the operator's prefix, which ends in a dash. So no id is a script's name.
_HEADING = r"[a-z][a-z0-9-]{0,125}-[^\x00-,./:-@\[-^`{-\xa0\u2000-\u206f]{1,220}"
#: Browsers ignore spaces around a URL. A path comes from an operator's template.
_SOURCE = r' *(?i:https?):[^"]*|/(?![/\\])[^"]*'
_TARGET = rf'{_SOURCE}| *(?i:mailto|tel|xmpp):[^"]*|\#[^"]*'
#: At most 100 rows or columns.
_SPAN = r"[1-9][0-9]?|100"

#: Elements without attributes.
_PLAIN = (
    *("br", "hr", "thead", "tbody", "tfoot", "tr", "kbd", "samp", "var", "ruby", "rt", "rp"),
    *("em", "strong", "b", "i", "u", "s", "del", "ins", "mark", "small", "sub", "cite", "q"),
)

#: Blocks have the direction of their text. A renderer of the release before writes no direction.
_BLOCK = {"dir": "auto"}
_CELL = {"align": _SIDE, "colspan": _SPAN, "rowspan": _SPAN}

#: The elements, and the forms of their attributes as the renderer writes them.
ELEMENTS: Mapping[str, Mapping[str, str]] = {
    **{name: {} for name in _PLAIN},
    **dict.fromkeys(("blockquote", "dl", "dt", "dd", "caption", "summary"), _BLOCK),
    **{f"h{level}": _BLOCK | {"id": _HEADING} for level in range(1, 7)},
    # A renderer of the release before writes classes of `ul`, `ol`, `table` and `td`.
    **{name: _BLOCK | {"class": _CLASS} for name in ("p", "ul", "table")},
    "pre": {"dir": "ltr"},
    "span": {"class": _CLASS},
    "code": {"class": "math-(?:inline|display)"},
    "div": _BLOCK | {"class": _CLASS, "data-language": r"[\w+#.*-]*"},
    "ol": _BLOCK | {"start": _TEXT, "class": _CLASS},
    "li": _BLOCK | {"id": _FOOTNOTE, "class": _CLASS},
    "sup": {"id": _FOOTNOTE, "class": _CLASS},
    "th": _BLOCK | _CELL,
    "td": _BLOCK | _CELL | {"class": _CLASS},
    "abbr": {"title": _TEXT},
    "details": _BLOCK | {"open": _TEXT, "class": "spoiler"},
    "a": {
        "href": _TARGET,
        "title": _TEXT,
        "id": _FOOTNOTE,
        "class": _CLASS,
        "rel": "nofollow ugc noopener",
    },
    "img": {
        "src": _SOURCE,
        "alt": _TEXT,
        "title": _TEXT,
        "width": _TEXT,
        "height": _TEXT,
        "referrerpolicy": "no-referrer",
    },
    "input": {"type": "checkbox", "disabled": "", "checked": _TEXT},
}

#: Attributes that an element always has.
REQUIRED = {
    "a": (' rel="nofollow ugc noopener"',),
    "img": (' referrerpolicy="no-referrer"',),
    "input": (' type="checkbox"', ' disabled=""'),
}

#: Elements without an end tag.
VOID = frozenset({"br", "hr", "img", "input"})

_TAG = re.compile(r'[^<]*+<(/?)([a-z][a-z0-9]*+)((?: [a-z-]++="[^"]*+")*+)>')
_ATTRIBUTES = {
    name: re.compile(
        "(?:{})*+".format("|".join(rf' {each}="(?:{form})"' for each, form in forms.items()))
    )
    for name, forms in ELEMENTS.items()
}

#: Different tags with attributes that one check remembers.
_REMEMBERED = 500


class ForeignHtml(ValueError):
    """HTML that no renderer writes."""


def check_html(html: str, pause: Callable[[], None]) -> None:
    """Check a whole text's HTML. `pause` lets other threads run; it is called every few ms.

    Raises:
        ForeignHtml: an element, an attribute or a form that no renderer writes.
    """
    open_elements: list[str] = []
    known: set[tuple[str, str]] = set()
    end = tags = 0
    # `finditer` would try each character after a failure, which takes quadratic time.
    while tag := _TAG.match(html, end):
        end = tag.end()
        closing, name, attributes = tag.groups()
        if closing:
            _close(open_elements, name, attributes, end)
        else:
            if (name, attributes) not in known:
                _check_tag(name, attributes, end)
                if len(known) < _REMEMBERED:
                    known.add((name, attributes))
            if name not in VOID:
                open_elements.append(name)
        tags += 1
        if tags % TAGS_PER_STEP == 0:
            pause()
    if (at := html.find("<", end)) >= 0:
        raise ForeignHtml(f"character {at}: expected a tag, got {html[at : at + 40]!r}")
    if open_elements:
        raise ForeignHtml(f"the element {open_elements[-1]} is not closed")


def _close(open_elements: list[str], name: str, attributes: str, end: int) -> None:
    if not open_elements or open_elements.pop() != name or attributes:
        raise ForeignHtml(f"character {end}: the end tag of {name[:20]} closes no element")


def _check_tag(name: str, attributes: str, end: int) -> None:
    pattern = _ATTRIBUTES.get(name)
    if pattern is None:
        raise ForeignHtml(f"character {end}: the element {name[:20]}")
    if not pattern.fullmatch(attributes) or not all(
        each in attributes for each in REQUIRED.get(name, ())
    ):
        raise ForeignHtml(f"character {end}: the attributes of {name}:{attributes[:60]!r}")
