"""Which item of microdata an element belongs to, told from end tags, as there is no tree.

An element with `itemscope` is an item, and what has `itemprop` within it is a property of the
innermost one (HTML Standard, "Microdata"). Only the tags of the names that items have are counted,
and only while an item is open.
"""

import re

#: Items within items that are told apart; what is in a deeper one belongs to nobody near.
MAX_OPEN = 10

#: Elements without content.
_VOID = frozenset({"meta", "link", "img", "base", "br", "hr", "input", "area", "col", "embed",
                   "source", "track", "wbr"})  # fmt: skip

#: Elements that end with the page.
_ROOTS = frozenset({"html", "body"})

_TAG = re.compile(r"<(/?[A-Za-z][A-Za-z0-9-]{0,30})(?=[\s/>])", re.ASCII)

#: Characters of what _TAG finds, at most, and the one behind it.
_LONGEST_TAG = 34


class _Open:
    """An item whose element has not ended: `depth` elements of its name are open in it."""

    __slots__ = ("depth", "name", "number")

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.depth = 1


class Items:
    """Follows a page from tag to tag."""

    def __init__(self) -> None:
        #: Those whose elements have not ended, the innermost last; while there are any, the tags
        #: that pass must be seen.
        self.open: list[_Open] = []
        self._root = 0
        self._last = 0

    @property
    def number(self) -> int:
        """The innermost item that is open; 0 outside of all."""
        return self.open[-1].number if self.open else self._root

    def begin(self, name: str) -> int:
        """The number of a new item, whose element has this name."""
        self._last += 1
        if name in _ROOTS:
            self._root = self._last
        elif name in _VOID:
            pass
        elif len(self.open) < MAX_OPEN:
            self.open.append(_Open(name, self._last))
        else:
            # Its end will not be known before that of the one around it.
            self.open[-1].number = self._last
            self.tag(name)
        return self._last

    def passed(self, text: str, start: int, end: int) -> None:
        """See the tags that begin between two places of a text."""
        # A tag may begin before the end and go on behind it.
        at, stop = start, end + _LONGEST_TAG
        while self.open and (tag := _TAG.search(text, at, stop)) and tag.start() < end:
            at = tag.end()
            self.tag(tag[1].lower())

    def tag(self, name: str) -> None:
        """See one tag, by its name, an end tag's with its slash."""
        is_end = name[0] == "/"
        name = name[1:] if is_end else name
        for index in range(len(self.open) - 1, -1, -1):
            each = self.open[index]
            if each.name == name:
                each.depth += -1 if is_end else 1
                if not each.depth:
                    # Those within, whose own end tags were left out, end too.
                    del self.open[index:]
                return
