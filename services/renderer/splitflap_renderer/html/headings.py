"""Ids of headings, and links to them within the text.

The id of a heading is the prefix, the text's salt and the heading's words, with a number if the
words are repeated. `[text](#its-words)` leads to it. The prefix keeps ids apart from names of the
page's scripts; the salt keeps the headings of two posts on one page apart.
"""

import html
import re

#: Longest name made of a heading's words, in characters.
MAX_SLUG = 80

_OTHER = re.compile(r"[^\w\s-]")
# The sanitiser may write other attributes before href, with any value.
_HREF = re.compile(r'^(<a(?: (?!href=)[\w-]+="[^"]*")*) href="[^"]*"')
_TAGS = re.compile(r"<[^>]*>")


class Headings:
    """The headings of one text. A place is an index into the parts of its HTML."""

    def __init__(self, prefix: str, salt: str) -> None:
        self._prefix = prefix
        self._ids = f"{prefix}{salt}-"
        self._open: tuple[int, str] | None = None
        self._words: list[str] = []
        self._found: dict[str, tuple[int, str]] = {}
        self._counts: dict[str, int] = {}
        self._links: list[tuple[int, str]] = []

    def start(self, place: int, tag: str) -> None:
        """Begin a heading. Its tag will be at this place."""
        self._open, self._words = (place, tag), []

    def text(self, marked: str) -> None:
        """Add a text of the HTML. Text outside of headings is ignored."""
        if self._open:
            self._words.append(marked)

    def end(self) -> None:
        """End the heading, and build its name from its words."""
        if self._open:
            words = html.unescape(_TAGS.sub("", "".join(self._words)))
            self._found[self._unused(slug(words))] = self._open
        self._open = None

    def link(self, place: int, name: str) -> None:
        """Note a link to a name within the text. Its tag will be at this place."""
        self._links.append((place, name))

    def resolve(self, parts: list[str]) -> None:
        """Write the ids and the links to them. A link to an unknown name loses its href."""
        for name, (place, tag) in self._found.items():
            parts[place] = parts[place].replace(f"<{tag}", f'<{tag} id="{self._ids}{name}"', 1)
        for place, name in self._links:
            wanted = name.removeprefix(self._ids).removeprefix(self._prefix).lower()
            there = f' href="#{self._ids}{wanted}"' if wanted in self._found else ""
            parts[place] = _HREF.sub(rf"\g<1>{there}", parts[place], count=1)

    def _unused(self, name: str) -> str:
        """The name, with the next number if it is taken."""
        unused = name
        while unused in self._found:
            self._counts[name] = self._counts.get(name, 0) + 1
            unused = f"{name}-{self._counts[name]}"
        return unused


def slug(words: str) -> str:
    """Lower-case letters, digits and `_` of any script, with dashes for spaces."""
    kept = _OTHER.sub("", words.strip().lower())
    return "-".join(kept[:MAX_SLUG].split()) or "section"
