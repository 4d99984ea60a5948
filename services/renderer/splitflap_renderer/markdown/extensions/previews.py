"""Collects the links of the flavour `markdown` that get previews.

They are bare URLs, `[text](url)` and `[text][reference]`. Left out are `<https://...>` (the way to
link without a preview), images, links in code, and raw HTML.
"""

from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from splitflap_renderer.markdown.entities import decoded
from splitflap_renderer.markdown.extensions.autolinks import NO_PREVIEW
from splitflap_renderer.markdown.preview_key import preview_key


class PreviewsExtension(Extension):
    """Read `links` after each text, in reading order."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """The collector runs when all links are found."""
        self.links: list[str] = []
        md.treeprocessors.register(_Collector(md, self.links), "previews", -1)
        md.registerExtension(self)

    def reset(self) -> None:
        """Forget the last text."""
        self.links.clear()


class _Collector(Treeprocessor):
    def __init__(self, md: Markdown, links: list[str]) -> None:
        super().__init__(md)
        self._links = links

    def run(self, root: Element) -> None:
        for element in root.iter("a"):
            unwanted = element.attrib.pop(NO_PREVIEW, None) is not None
            if not unwanted and (key := preview_key(decoded(element.get("href", "")))):
                self._links.append(key)
