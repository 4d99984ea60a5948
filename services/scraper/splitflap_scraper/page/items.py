"""Which item of microdata an element belongs to, told from end tags, as there is no tree.

An element with `itemscope` is an item, and what has `itemprop` within it is a property of the
innermost one (HTML Standard, "Microdata"). Only the tags that may end an item are counted, and
only while one is open. End tags may be left out as the HTML Standard allows ("Optional tags").
"""

import re

#: Items within items that are told apart; what is in a deeper one belongs to nobody near.
MAX_OPEN = 10

#: Tags that are seen while items are open: about 1 us each. What comes later belongs to nobody.
MAX_SEEN = 20_000

#: Elements without content.
_VOID = frozenset({"meta", "link", "img", "base", "br", "hr", "input", "area", "col", "embed",
                   "source", "track", "wbr"})  # fmt: skip

#: Elements that end with the page.
_ROOTS = frozenset({"html", "body"})

#: Elements whose end tags may be left out: what they are in, and before what they end, which are
#: the begins of these elements and their ends.
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

#: Characters of what _TAG finds, at most, and the one behind it.
LONGEST_TAG = 34


def _steps(around: str, before: str = "") -> dict[str, int]:
    steps = {f"{slash}{name}": 0 for name in before.split() for slash in ("", "/")}
    for name in around.split():
        steps |= {name: 1, f"/{name}": -1}
    return steps


_STEPS = {name: _steps(*each) for name, each in _OMITTING.items()}


class _Open:
    """An item whose element has not ended.

    `depth` elements are open that must end before it or with it: of its own name, or, where its
    end tag may be left out, those that it may be in. `steps` says what each tag adds to them; 0 is
    an end, unless the tag is of an element deeper in it.
    """

    __slots__ = ("depth", "number", "steps")

    def __init__(self, name: str, number: int) -> None:
        self.number = number
        self.depth = 1
        self.steps = _STEPS.get(name) or _steps(name)

    def is_ended(self, tag: str) -> bool:
        """Whether a tag ends it."""
        step = self.steps.get(tag)
        if step is None:
            return False
        self.depth += step
        return not self.depth or (not step and self.depth == 1)


class Items:
    """Follows a page from tag to tag."""

    def __init__(self) -> None:
        #: Those whose elements have not ended, the innermost last; while there are any, the tags
        #: that pass must be seen.
        self.open: list[_Open] = []
        self._root = 0
        self._last = 0
        self._seen = 0

    @property
    def number(self) -> int:
        """The innermost item that is open; 0 outside of all."""
        return self.open[-1].number if self.open else self._root

    def begin(self, name: str) -> tuple[int, int]:
        """The item around a new one, whose element has this name, and the new one's number."""
        self.tag(name)
        around = self.number
        if self._seen >= MAX_SEEN:
            return around, 0
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
        return around, self._last

    def passed(self, text: str, start: int, end: int) -> None:
        """See the tags that begin between two places of a text."""
        # A tag may begin before the end and go on behind it.
        at, stop = start, end + LONGEST_TAG
        while self.open and (tag := _TAG.search(text, at, stop)) and tag.start() < end:
            at = tag.end()
            self.tag(tag[1].lower())

    def tag(self, name: str) -> None:
        """See one tag, by its name, an end tag's with its slash."""
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
                # Those within, whose own end tags were left out, end too.
                del self.open[index:]
                return
