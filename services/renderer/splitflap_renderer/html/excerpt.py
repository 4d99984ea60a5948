"""The beginning of a text without markup, for notifications."""

import html

from splitflap_core.contracts import MAX_EXCERPT

from splitflap_renderer.html.bidi import without_controls

#: The sign for more text; it counts as a character of the excerpt.
MORE = "\u2026"


class Excerpt:
    """Collects text until it is longer than MAX_EXCERPT."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.full = False

    def add(self, escaped: str) -> None:
        """Add text with HTML's escapes."""
        if not self.full:
            # The length counts words only; white space is folded at the end.
            text = " ".join(html.unescape(escaped).split())
            edge = [" " * escaped[:1].isspace(), text, " " * escaped[-1:].isspace()]
            self._parts += edge
            self._length += len(text)
            self.full = self._length > MAX_EXCERPT

    def space(self) -> None:
        """Separate the words before and after."""
        if not self.full:
            self._parts.append(" ")

    def end(self) -> None:
        """End the excerpt here, unless it is still empty."""
        self.full = self._length > 0

    def __str__(self) -> str:
        """At most MAX_EXCERPT characters, cut between words if possible."""
        text = " ".join("".join(self._parts).split())
        if len(text) <= MAX_EXCERPT:
            return text
        cut = text[:MAX_EXCERPT]
        head = cut.rpartition(" ")[0] or cut[: MAX_EXCERPT - len(MORE)]
        # The cut may leave a range open.
        return without_controls(head) + MORE
