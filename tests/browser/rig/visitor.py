"""One person at the page: a browser profile of their own, with any number of tabs."""

from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from .chromium import Chromium
from .watch import Watch

#: Milliseconds until an element must be there. A busy machine is slow.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


class Visitor:
    """A fresh browser profile: no cookie, nothing stored."""

    def __init__(self, chromium: Chromium, watch: Watch, origin: str, **options: Any) -> None:
        self.origin = origin
        self.context: BrowserContext = chromium.browser.new_context(**options)
        self.context.set_default_timeout(PATIENCE_MS)
        watch.follow(self.context, origin)

    @property
    def tabs(self) -> list[Page]:
        """The open tabs."""
        return self.context.pages

    def open(self, path: str = "/") -> Page:
        """Open a path of the origin in a new tab."""
        tab = self.context.new_page()
        tab.goto(self.origin + path)
        return tab

    def close(self) -> None:
        """Close all tabs, and forget the profile."""
        self.context.close()
