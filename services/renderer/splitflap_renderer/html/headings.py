"""Ids of headings, and links to them within the text.

A heading's id is a prefix and its words, with a number where they come again. So
`[there](#its-words)` leads to it, and no id is a name that the page's own scripts use.
"""

import html
import re

#: Longest name made of a heading's words, in characters.
MAX_SLUG = 80

_OTHER = re.compile(r"[^\w\s-]")
# As the sanitiser writes a link: other attributes, whose values may say anything, come first.
_HREF = re.compile(r'^(<a(?: (?!href=)[\w-]+="[^"]*")*) href="[^"]*"')
_TAGS = re.compile(r"<[^>]*>")


class Headings:
    """The headings of one text. Places are indices into the parts of its HTML."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._open: tuple[int, str] | None = None
        self._words: list[str] = []
        self._found: dict[str, tuple[int, str]] = {}
        self._counts: dict[str, int] = {}
        self._links: list[tuple[int, str]] = []

    def start(self, place: int, tag: str) -> None:
        """A heading's tag is about to stand at this place."""
        self._open, self._words = (place, tag), []

    def text(self, marked: str) -> None:
        """Some text as it stands in the HTML; only that of a heading counts."""
        if self._open:
            self._words.append(marked)

    def end(self) -> None:
        """The heading ends; its name is made of its words."""
        if self._open:
            words = html.unescape(_TAGS.sub("", "".join(self._words)))
            self._found[self._unused(slug(words))] = self._open
        self._open = None

    def link(self, place: int, name: str) -> None:
        """A link to a name within the text is about to stand at this place."""
        self._links.append((place, name))

    def resolve(self, parts: list[str]) -> None:
        """Write the ids, and turn links to names into links to ids; others lead nowhere."""
        for name, (place, tag) in self._found.items():
            parts[place] = f'<{tag} id="{self._prefix}{name}">'
        for place, name in self._links:
            wanted = name.removeprefix(self._prefix).lower()
            there = f' href="#{self._prefix}{wanted}"' if wanted in self._found else ""
            parts[place] = _HREF.sub(rf"\g<1>{there}", parts[place], count=1)

    def _unused(self, name: str) -> str:
        """The name, or the name with the next number."""
        unused = name
        while unused in self._found:
            self._counts[name] = self._counts.get(name, 0) + 1
            unused = f"{name}-{self._counts[name]}"
        return unused


def slug(words: str) -> str:
    """Lower case, letters, digits and `_` of any script, and dashes for spaces."""
    kept = _OTHER.sub("", words.strip().lower())
    return "-".join(kept[:MAX_SLUG].split()) or "section"
