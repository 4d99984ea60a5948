"""Python-Markdown's extension for links: it links bare URLs and collects the links for previews.

The list has the links of Markdown's syntax: bare URLs, `[text](url)` and `[text][reference]`. It
leaves out `<https://...>` (the way to link without a preview), images, links in code, and raw HTML.
"""

import re
from typing import Any, cast
from xml.etree.ElementTree import Element

from markdown import Markdown, treeprocessors
from markdown.extensions import Extension
from markdown.inlinepatterns import (
    AUTOLINK_RE,
    AutolinkInlineProcessor,
    InlineProcessor,
)
from markdown.treeprocessors import Treeprocessor
from markdown.util import INLINE_PLACEHOLDER_RE, AtomicString
from splitflap_core.contracts import MAX_LINKS

from splitflap_renderer.footnote_ids import footnote_id
from splitflap_renderer.markdown.links import BARE_RE, BareLink, bare_link, decoded, preview_key

#: Marks the element of `<https://...>` until the links are collected.
NO_PREVIEW = "data-no-preview"

#: Escapes that a bare URL may have, as Python-Markdown keeps them.
_ESCAPES = {f"\x02{ord(each)}\x03" for each in "_*~"}


class LinksExtension(Extension):
    """Registers the processors below. Call `begin` before each text, and read `links` after it."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Bare URLs run after raw HTML (90) and before entities (80); the collector runs last."""
        md.inlinePatterns.register(_Angled(AUTOLINK_RE, md), "autolink", 120)
        md.inlinePatterns.register(_BareUrl(BARE_RE, md), "bare_url", 85)
        self._collector = _Collector(md)
        md.treeprocessors.register(self._collector, "collect_links", -1)

    def begin(self, salt: str) -> None:
        """Forget the last text. `salt` goes into the ids of footnotes."""
        self._collector.links = []
        self._collector.salt = salt

    @property
    def links(self) -> list[str]:
        """The text's links in reading order, each once, at most MAX_LINKS."""
        return list(dict.fromkeys(self._collector.links))[:MAX_LINKS]


class _Angled(AutolinkInlineProcessor):
    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[Any, int | None, int | None]:
        element, start, end = super().handleMatch(m, data)
        if isinstance(element, Element):
            element.set(NO_PREVIEW, "")
        return element, start, end


class _BareUrl(InlineProcessor):
    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self,
        m: re.Match[str],
        data: str,
    ) -> tuple[Element, int, int] | tuple[None, None, None]:
        found = bare_link(data, m.start())
        if found is None:
            return None, None, None
        if (end := self._first_element(data, found)) < found.end:
            ended = bare_link(data[found.start : end], 0)
            if ended is None:
                return None, None, None
            found = BareLink(found.start, found.start + ended.end, ended.url)
        element = Element("a", {"href": self.unescape(found.url)})
        element.text = AtomicString(self.unescape(data[found.start : found.end]))
        return element, found.start, found.end

    def _first_element(self, data: str, link: BareLink) -> int:
        """The place of the first placeholder of an element, or the link's end."""
        inline = cast("treeprocessors.InlineProcessor", self.md.treeprocessors["inline"])
        for found in INLINE_PLACEHOLDER_RE.finditer(data, link.start, link.end):
            if inline.stashed_nodes.get(found[1]) not in _ESCAPES:
                return found.start()
        return link.end


class _Collector(Treeprocessor):
    links: list[str]
    salt: str

    def run(self, root: Element) -> None:
        for element in root.iter("a"):
            self._take(element)
        _number_ids(root, self.salt)

    def _take(self, element: Element) -> None:
        url = decoded(element.get("href", ""))
        unwanted = element.attrib.pop(NO_PREVIEW, None) is not None
        if not unwanted and (key := preview_key(url)):
            self.links.append(key)


def _number_ids(root: Element, salt: str) -> None:
    """Rename the ids of footnotes, which the author has chosen. No other element has an id."""
    ids: dict[str, str] = {}
    for element in root.iter():
        if "id" in element.attrib:
            new = ids.setdefault(element.attrib["id"], footnote_id(salt, len(ids) + 1))
            element.set("id", new)
    for element in root.iter("a") if ids else ():
        target = ids.get(element.get("href", "").removeprefix("#"))
        if target:
            element.set("href", f"#{target}")
