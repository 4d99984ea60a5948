"""The beginning of a text without its markup, for notifications."""

import html

from splitflap_core.contracts import MAX_EXCERPT

#: Says that there is more; it counts as a character of the excerpt.
MORE = "\u2026"


class Excerpt:
    """Gathers text until there is enough of it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.full = False

    def add(self, escaped: str) -> None:
        """Text as it stands in HTML."""
        if not self.full:
            # White space is folded later, so that only words count.
            text = " ".join(html.unescape(escaped).split())
            edge = [" " * escaped[:1].isspace(), text, " " * escaped[-1:].isspace()]
            self._parts += edge
            self._length += len(text)
            self.full = self._length > MAX_EXCERPT

    def space(self) -> None:
        """What stands before and after is not one word."""
        if not self.full:
            self._parts.append(" ")

    def end(self) -> None:
        """What follows is not for reading, unless there was nothing before it."""
        self.full = self._length > 0

    def __str__(self) -> str:
        """At most MAX_EXCERPT characters, cut between words where there is a place to."""
        text = " ".join("".join(self._parts).split())
        if len(text) <= MAX_EXCERPT:
            return text
        cut = text[:MAX_EXCERPT]
        head = cut.rpartition(" ")[0] or cut[: MAX_EXCERPT - len(MORE)]
        return head + MORE
