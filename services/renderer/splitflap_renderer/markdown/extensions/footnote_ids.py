"""Ids of footnotes in the flavour `markdown`: the text's salt and a number.

Python-Markdown makes them of the labels that the author has chosen.
"""

from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from splitflap_renderer.footnote_ids import NO_SALT, footnote_id


class FootnoteIdsExtension(Extension):
    """Call `use` before each text."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Ids get their form at the end."""
        self._ids = _Ids(md)
        md.treeprocessors.register(self._ids, "footnote_ids", -2)

    def use(self, salt: str) -> None:
        """Use the salt of the next text."""
        self._ids.salt = salt


class _Ids(Treeprocessor):
    salt = NO_SALT

    def run(self, root: Element) -> None:
        """Rename the ids and the links to them. No other element has an id."""
        ids: dict[str, str] = {}
        for element in root.iter():
            if "id" in element.attrib:
                new = ids.setdefault(element.attrib["id"], footnote_id(self.salt, len(ids) + 1))
                element.set("id", new)
        for element in root.iter("a") if ids else ():
            target = ids.get(element.get("href", "").removeprefix("#"))
            if target:
                element.set("href", f"#{target}")
