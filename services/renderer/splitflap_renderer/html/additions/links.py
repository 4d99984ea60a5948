"""Links: within the text, and to other pages."""

import html

from splitflap_core.urls.web_url import BadUrl, canonical

from splitflap_renderer.footnote_ids import FOOTNOTE_ID
from splitflap_renderer.html.additions.addition import Addition, Page, attributes
from splitflap_renderer.html.headings import Headings


class Links(Addition):
    """Notes links within the text. Any other link gets the form that its preview has."""

    tags = frozenset({"a"})

    def __init__(self, page: Page, headings: Headings) -> None:
        super().__init__(page)
        self._headings = headings

    def start(self, written: str) -> str:
        """Rewrite the link's target."""
        self.page.links += 1
        href = attributes(written).get("href", "")
        self.page.in_footnote_link = bool(FOOTNOTE_ID.fullmatch(href[1:]))
        if href.startswith("#") and not self.page.in_footnote_link:
            self._headings.link(len(self.page.parts), html.unescape(href[1:]))
        return written.replace(f' href="{href}"', f' href="{_canonical(href)}"', 1)

    def end(self, written: str) -> str:
        """End the link."""
        self.page.links -= 1
        self.page.in_footnote_link = False
        return written


def _canonical(href: str) -> str:
    """The href of a link with the canonical form of its host. Credentials stay in it."""
    if href[:4].lower() != "http":
        return href
    try:
        return html.escape(canonical(html.unescape(href), keep_credentials=True))
    except BadUrl:
        return href
