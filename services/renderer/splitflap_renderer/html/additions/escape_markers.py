"""The parsers' markers of escaped characters, such as an escaped at sign."""

from splitflap_renderer.html.additions.addition import Addition, Page
from splitflap_renderer.html.sanitiser import ESCAPE_MARKER

_MARKER = f'<span class="{ESCAPE_MARKER}">'


class EscapeMarkers(Addition):
    """Removes the markers. Their character stays a text of its own, so it begins no name."""

    tags = frozenset({"span"})

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        #: For each open span, whether it is a marker.
        self._open: list[bool] = []

    def start(self, written: str) -> str:
        """Remove the start of a marker."""
        self._open.append(written == _MARKER)
        return "" if self._open[-1] else written

    def end(self, written: str) -> str:
        """Remove the end of a marker."""
        return "" if self._open and self._open.pop() else written
