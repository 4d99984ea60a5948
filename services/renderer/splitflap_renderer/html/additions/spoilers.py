"""Spoilers, see `markdown/rules/spoiler.py`."""

from splitflap_renderer.html.additions.addition import Addition, Page, attributes


class Spoilers(Addition):
    """Notes what a spoiler hides: everything in it but its title."""

    tags = frozenset({"details", "summary"})

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        #: Open `details`, from the outermost spoiler on.
        self._depth = 0
        self._has_title = False

    def start(self, written: str) -> str:
        """Enter a spoiler, an element within it, or its title."""
        if written.startswith("<summary"):
            if self._depth == 1 and not self._has_title:
                self._has_title, self.page.in_spoiler = True, False
        elif self._depth or attributes(written).get("class") == "spoiler":
            self._has_title = self._has_title and self._depth > 0
            self._depth += 1
            self.page.in_spoiler = True
        return written

    def end(self, written: str) -> str:
        """Leave one of them."""
        if written == "</details>":
            self._depth = max(0, self._depth - 1)
        self.page.in_spoiler = self._depth > 0
        return written
