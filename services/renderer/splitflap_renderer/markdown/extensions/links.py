"""Python-Markdown's extension for links: it links bare URLs and collects the links for previews.

The list has the links of Markdown's syntax: bare URLs, `[text](url)` and `[text][reference]`. It
leaves out `<https://...>` (the way to link without a preview), images, links in code, and raw HTML.
"""

import re
from typing import cast
from xml.etree.ElementTree import Element

from markdown import Markdown, treeprocessors
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import INLINE_PLACEHOLDER_RE, AtomicString
from markdown_it.common.normalize_url import validateLink
from splitflap_core.contracts import MAX_LINKS

from splitflap_renderer.footnote_ids import footnote_id
from splitflap_renderer.markdown.extensions.raw_links import BARE
from splitflap_renderer.markdown.links import BEGINNING_RE, bare_link, decoded, preview_key

#: Marks the element of `<https://...>` until the links are collected.
NO_PREVIEW = "data-no-preview"

#: CommonMark's autolinks. A placeholder may stand for an escaped character.
_ANGLED_URL_RE = r"<([A-Za-z][A-Za-z0-9.+-]{1,31}:[^<>\x00\x01\x04-\x20]*)>"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ANGLED_EMAIL_RE = rf"<([A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*)>"

#: Escapes that a bare URL may have, as Python-Markdown keeps them.
_ESCAPES = {f"\x02{ord(each)}\x03" for each in "_*~"}


class LinksExtension(Extension):
    """Registers the processors below. Call `begin` before each text, and read `links` after it."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Bare URLs run after raw HTML (90) and before entities (80); the collector runs last."""
        md.inlinePatterns.register(_Angled(_ANGLED_URL_RE, md), "autolink", 120)
        md.inlinePatterns.register(_Angled(_ANGLED_EMAIL_RE, md), "automail", 110)
        md.inlinePatterns.register(_BareUrl(BEGINNING_RE, md), "bare_url", 85)
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


class _Angled(InlineProcessor):
    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self,
        m: re.Match[str],
        data: str,  # noqa: ARG002 - a parameter of the base
    ) -> tuple[Element, int, int] | tuple[None, None, None]:
        written = self.unescape(m[1])
        url = written if ":" in written else f"mailto:{written}"
        # An escaped `<` is the beginning of a tag that is shown as text.
        if not validateLink(url) or "\x0260\x03" in url:
            return None, None, None
        element = Element("a", {"href": url, NO_PREVIEW: ""})
        element.text = AtomicString(written)
        return element, m.start(), m.end()


class _BareUrl(InlineProcessor):
    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self,
        m: re.Match[str],
        data: str,
    ) -> tuple[Element, int, int] | tuple[None, None, None]:
        found = bare_link(data, m.start(), self._after_escape)
        if found is None:
            return None, None, None
        element = Element("a", {"href": self.unescape(found.url), BARE: ""})
        element.text = AtomicString(self.unescape(data[found.start : found.end]))
        return element, found.start, found.end

    def _after_escape(self, data: str, place: int) -> int:
        inline = cast("treeprocessors.InlineProcessor", self.md.treeprocessors["inline"])
        found = INLINE_PLACEHOLDER_RE.match(data, place)
        return found.end() if found and inline.stashed_nodes.get(found[1]) in _ESCAPES else place


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
