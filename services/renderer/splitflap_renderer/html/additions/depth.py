"""The depth of the HTML: at most MAX_DEPTH elements are open at a time.

Some clients draw each level by a call within a call, and overflow. The pass drops the tags of
deeper elements and keeps their text.
"""

from splitflap_renderer.html.tokens import VOID

#: Most open elements, with the elements of additions.
MAX_DEPTH = 100

#: Levels within an element that it needs, or that additions may put around it.
_ROOM = {"ul": 1, "ol": 1, "dl": 1, "details": 1, "ruby": 1, "table": 3, "pre": 3}

#: One level is left for the links of names.
_MAX_OPEN = MAX_DEPTH - 1


class Depth:
    """Decides which tags stay. The HTML is well nested, so two counts are enough."""

    def __init__(self) -> None:
        self._open = self._dropped = 0

    def drops(self, tag: str, *, end: bool) -> bool:
        """Whether to drop this tag. A dropped element takes all elements within it with it.

        So no `li` stays without its list, and no `td` without its table.
        """
        if tag in VOID:
            return False
        if end:
            return self._drops_end()
        if self._dropped or self._open + _ROOM.get(tag, 0) >= _MAX_OPEN:
            self._dropped += 1
            return True
        self._open += 1
        return False

    def _drops_end(self) -> bool:
        if self._dropped:
            self._dropped -= 1
            return True
        self._open -= 1
        return False
