"""Ids and numbers of footnotes in the flavour `markdown`.

Python-Markdown makes ids of the labels that the author has chosen; here they are the text's salt
and a number. It numbers footnotes by their definitions; here the first references count, as in gfm.
"""

from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from splitflap_renderer.footnote_ids import NO_SALT, footnote_id

_TITLE = "Jump back to footnote {} in the text"


class FootnoteIdsExtension(Extension):
    """Call `use` before each text."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """The numbers and ids get their form at the end."""
        md.treeprocessors.register(_Numbers(md), "footnote_numbers", -1.5)
        self._ids = _Ids(md)
        md.treeprocessors.register(self._ids, "footnote_ids", -2)

    def use(self, salt: str) -> None:
        """Use the salt of the next text."""
        self._ids.salt = salt


class _Numbers(Treeprocessor):
    def run(self, root: Element) -> None:
        """Sort the footnotes. One without a reference comes last, and has no link back."""
        notes = root.find("div[@class='footnote']/ol")
        if notes is None:
            return
        items = {f"#{item.get('id')}": item for item in notes}
        # The references in the text come before those in the footnotes.
        references = [each for part in root for each in _references(part)]
        order = list(dict.fromkeys(each.get("href", "") for each in references))
        unused = items.keys() - order
        order += [each for each in items if each in unused]
        notes[:] = [items[each] for each in order]
        for reference in references:
            reference.text = str(order.index(reference.get("href", "")) + 1)
        used = len(order) - len(unused)
        for number, item in enumerate(notes, 1):
            _link_back(item, number if number <= used else None)


def _references(element: Element) -> list[Element]:
    return [each for each in element.iter("a") if each.get("class") == "footnote-ref"]


def _link_back(item: Element, number: int | None) -> None:
    """Write the number into the links back to the text, or remove them."""
    for parent in list(item.iter()):
        for link in parent.findall("a[@class='footnote-backref']"):
            if number is None:
                parent.remove(link)
            else:
                link.set("title", _TITLE.format(number))


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
