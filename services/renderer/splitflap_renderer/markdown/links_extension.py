"""Python-Markdown's extension for links: it links bare URLs and collects the links for previews.

The list has the links of Markdown's syntax: bare URLs, `[text](url)` and `[text][reference]`. It
leaves out `<https://...>` (the way to link without a preview), images, links in code, and raw HTML.
"""

import html
import re
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import (
    AUTOLINK_RE,
    AutolinkInlineProcessor,
    InlineProcessor,
)
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from splitflap_core.contracts import MAX_LINKS

from splitflap_renderer.footnote_ids import footnote_id
from splitflap_renderer.markdown.links import WITH_HOST, preview_key, without_trailing

#: U+0002 and U+0003 enclose the placeholders of Python-Markdown.
BARE_URL_RE = r"(?i)(?<![\w@/.:-])https?://[^\s<>\x02\x03]+"

#: Marks the element of `<https://...>` until the links are collected.
NO_PREVIEW = "data-no-preview"

_ENTITY = re.compile(r"(?i)&(?:#[0-9]+|#x[0-9a-f]+|[0-9a-z]+);")


class LinksExtension(Extension):
    """Registers the processors below. Call `begin` before each text, and read `links` after it."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Bare URLs run after raw HTML (90) and before entities (80); the collector runs last."""
        md.inlinePatterns.register(_Angled(AUTOLINK_RE, md), "autolink", 120)
        md.inlinePatterns.register(_BareUrl(BARE_URL_RE, md), "bare_url", 85)
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
        data: str,  # noqa: ARG002
    ) -> tuple[Element, int, int] | tuple[None, None, None]:
        url = without_trailing(m[0])
        if not WITH_HOST.match(url):
            return None, None, None
        element = Element("a", {"href": url})
        element.text = AtomicString(url)
        return element, m.start(), m.start() + len(url)


class _Collector(Treeprocessor):
    links: list[str]
    salt: str

    def run(self, root: Element) -> None:
        for element in root.iter("a"):
            self._take(element)
        _number_ids(root, self.salt)

    def _take(self, element: Element) -> None:
        url = _decoded(element.get("href", ""))
        unwanted = element.attrib.pop(NO_PREVIEW, None) is not None
        if not unwanted and (key := preview_key(url)):
            self.links.append(key)


def _decoded(href: str) -> str:
    """The href as a browser reads it. Python-Markdown leaves complete entities encoded."""
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), href)


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
