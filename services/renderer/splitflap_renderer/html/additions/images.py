"""Images go through the proxy."""

import html

from splitflap_renderer.html.additions.addition import Addition, Page, attributes
from splitflap_renderer.html.templates import proxied
from splitflap_renderer.options import Options


class Images(Addition):
    """Rewrites the sources of images. A source that is no web page is removed."""

    tags = frozenset({"img"})

    def __init__(self, page: Page, options: Options) -> None:
        super().__init__(page)
        self._options = options

    def start(self, written: str) -> str:
        """Rewrite the image's source."""
        source = attributes(written).get("src", "")
        if not source.lower().startswith(("http://", "https://")):
            return written.replace(f' src="{source}"', "")
        there = html.escape(proxied(self._options, html.unescape(source)))
        return written.replace(f' src="{source}"', f' src="{there}"', 1)
