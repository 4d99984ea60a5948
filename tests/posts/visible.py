"""The text of HTML that a reader sees, and the words of it."""

import re
from collections import Counter
from typing import Any

import html5lib

#: Elements within a line: they do not separate words.
_INLINE = {
    *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "i", "img", "ins", "kbd"),
    *("label", "mark", "q", "rp", "rt", "rtc", "ruby", "s", "samp", "small", "span", "strong"),
    *("sub", "sup", "tt", "u", "var", "font", "strike"),
}

#: Elements whose content no browser shows.
_HIDDEN = {"script", "style", "template", "head", "title", "noscript"}

#: The controls of directions, and a byte order mark, are no text.
_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

#: What `visible` writes for a checkbox, and an excerpt leaves out.
_OPEN, _DONE = "☐☑"
CHECKBOXES = dict.fromkeys(map(ord, _OPEN + _DONE))


def visible(html: str, *, spoilers: bool = True) -> str:
    """The text of HTML with the numbers of lists, checkboxes and the names of images.

    The marks of footnotes, in the text and behind a footnote, are left out. Without `spoilers`, so
    is what they hide.
    """
    parts: list[str] = []
    root = html5lib.parseFragment(html, namespaceHTMLElements=False)
    for spoiler in [] if spoilers else root.findall(".//details[@class='spoiler']"):
        title, *secret = spoiler
        title.tail = ""
        for each in secret:
            spoiler.remove(each)
    _collect(root, parts)
    return "".join(parts)


def words(text: str) -> list[str]:
    """The words of a text, split at white space."""
    return _CONTROLS.sub("", text).split()


def lost(expected: str, shown: str) -> list[str]:
    """The runs of letters and digits that a reader should see, and does not see as often."""
    missing = Counter(_runs(expected)) - Counter(_runs(shown))
    return list(missing.elements())


def _runs(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", _CONTROLS.sub("", text).casefold())


def _marks_a_footnote(element: Any) -> bool:
    """Whether this is the number of a footnote in the text, or the link back to it.

    A sanitiser may have dropped their classes.
    """
    is_number = element.tag == "sup" and [child.tag for child in element] == ["a"]
    return is_number or "footnote-backref" in element.get("class", "")


def _collect(element: Any, parts: list[str]) -> None:
    tag = element.tag
    if not isinstance(tag, str) or tag in _HIDDEN or _marks_a_footnote(element):
        return
    edge = "" if tag in _INLINE else " "
    parts += [edge, _own(element), element.text or ""]
    number = int(element.get("start") or 1) if tag == "ol" else 0
    for child in element:
        if number and child.tag == "li":
            parts.append(f" {number}. ")
            number += 1
        _collect(child, parts)
        parts.append(child.tail or "")
    parts.append(edge)


def _own(element: Any) -> str:
    """The text that an element itself shows."""
    if element.tag == "img":
        return str(element.get("alt") or "")
    if element.tag == "input" and element.get("type") == "checkbox":
        return _OPEN if element.get("checked") is None else _DONE
    return ""
