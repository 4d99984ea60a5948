"""Finds the item of microdata around an element, by end tags instead of a tree.

An element with `itemscope` is an item. Elements with `itemprop` are properties of the innermost
item around them (HTML Standard, "Microdata"). The tracker counts only tags that may end an open
item, and supports omitted end tags (HTML Standard, "Optional tags").
"""

import re

from splitflap_scraper.page.vocabulary import VOID

#: Levels of nested items. Properties of deeper ones count for an unknown item.
MAX_OPEN = 10

#: Tags examined inside items: about 1 us each. Later properties count for an unknown item.
MAX_SEEN = 20_000

#: Elements up to the end of the page.
_ROOTS = frozenset({"html", "body"})

#: Elements with an optional end tag: the elements around them, and the elements with a start or end
#: tag that ends them.
_CELLS = "td th tr tbody thead tfoot"
_OMITTING = {
    "li": ("ul ol menu", "li"),
    "dt": ("dl", "dt dd"),
    "dd": ("dl", "dt dd"),
    "td": ("table", _CELLS),
    "th": ("table", _CELLS),
    "tr": ("table", "tr tbody thead tfoot"),
    "p": (
        "",
        "p address article aside blockquote details div dl fieldset figcaption figure footer form"
        " h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol pre section table ul li dt dd "
        + _CELLS,
    ),
}

_TAG = re.compile(r"<(/?[A-Za-z][A-Za-z0-9-]{0,30})(?=[\s/>])", re.ASCII)

#: Characters of the longest match of _TAG, and the one after it.
LONGEST_TAG = 34


def _steps(around: str, before: str = "") -> dict[str, int]:
    steps = {f"{slash}{name}": 0 for name in before.split() for slash in ("", "/")}
    for name in around.split():
        steps |= {name: 1, f"/{name}": -1}
    return steps


_STEPS = {name: _steps(*each) for name, each in _OMITTING.items()}


class _OpenItem:
    """An item inside its element.

    `depth` counts open elements that must end before it or with it. They have its own name, or, for
    an optional end tag, are those around it. `steps` is the change of depth for each tag. A change
    of 0 ends the item, unless the tag belongs to a deeper element.
    """

    __slots__ = ("depth", "number", "steps")

    def __init__(self, name: str, number: int) -> None:
        self.number = number
        self.depth = 1
        self.steps = _STEPS.get(name) or _steps(name)

    def is_ended(self, tag: str) -> bool:
        """Whether a tag ends the item."""
        step = self.steps.get(tag)
        if step is None:
            return False
        self.depth += step
        return not self.depth or (not step and self.depth == 1)


class ItemTracker:
    """Follows a page from tag to tag."""

    def __init__(self) -> None:
        #: Open items, the innermost last. While it has any, the tracker must see all tags.
        self.open: list[_OpenItem] = []
        self._root = 0
        self._last = 0
        self._seen = 0

    @property
    def number(self) -> int:
        """The number of the innermost open item; 0 outside of all."""
        return self.open[-1].number if self.open else self._root

    def begin(self, name: str) -> tuple[int, int]:
        """Begin an item by its element's name.

        Returns the numbers of the item around it, and of the item.
        """
        self.tag(name)
        around = self.number
        if self._seen >= MAX_SEEN:
            return around, 0
        self._last += 1
        if name in _ROOTS:
            self._root = self._last
        elif name in VOID:
            pass
        elif len(self.open) < MAX_OPEN:
            self.open.append(_OpenItem(name, self._last))
        else:
            # Its end is unknown until the item around it ends.
            self.open[-1].number = self._last
        return around, self._last

    def passed(self, text: str, start: int, end: int) -> None:
        """Examine the tags that begin between two positions of a text."""
        # A tag may begin before the end and continue after it.
        at, stop = start, end + LONGEST_TAG
        while self.open and (tag := _TAG.search(text, at, stop)) and tag.start() < end:
            at = tag.end()
            self.tag(tag[1].lower())

    def tag(self, name: str) -> None:
        """Examine one tag by its name, with a slash for an end tag."""
        if not self.open:
            return
        self._seen += 1
        if self._seen >= MAX_SEEN:
            self.open.clear()
            self._last += 1
            self._root = self._last
            return
        for index, each in enumerate(self.open):
            if each.is_ended(name):
                # The items inside it end too, if their end tags are omitted.
                del self.open[index:]
                return
