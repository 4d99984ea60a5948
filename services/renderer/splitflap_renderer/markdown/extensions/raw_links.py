"""Bare links within a raw `<a>` of a text stay text, as in gfm.

Python-Markdown replaces raw HTML by placeholders, so it finds bare links between two of them. They
are marked by an attribute, and this module takes those within a raw link back.
"""

from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markdown.util import HTML_PLACEHOLDER_RE

from splitflap_renderer.markdown.extensions.autolinks import BARE
from splitflap_renderer.markdown.extensions.tree import in_order
from splitflap_renderer.markdown.raw_html import LINK_END, LINK_START

#: Elements with text of their own: a raw link does not reach beyond them.
_TEXTS = {"p", "li", "td", "th", "dt", "dd", *(f"h{level}" for level in range(1, 7))}


class RawLinksExtension(Extension):
    """Registers the processor below."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """It comes after e-mail addresses (-0.5), and before the previews (-1)."""
        md.treeprocessors.register(_RawLinks(md), "raw_links", -0.75)


class _RawLinks(Treeprocessor):
    def run(self, root: Element) -> None:
        raw = [str(each) for each in self.md.htmlStash.rawHtmlBlocks]
        within_any = any(LINK_START.match(each) for each in raw)
        within = False
        for each in in_order(root) if within_any else root.iter("a"):
            if isinstance(each, str):
                for found in HTML_PLACEHOLDER_RE.finditer(each):
                    piece = raw[int(found[1])]
                    within = bool(LINK_START.match(piece)) or (within and not LINK_END.match(piece))
                continue
            within = within and each.tag not in _TEXTS
            if each.attrib.pop(BARE, None) is not None and within:
                each.tag = "span"
                each.attrib.clear()
