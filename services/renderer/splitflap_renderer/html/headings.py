"""Ids of headings, and links to them within the text.

The id of a heading is the prefix, the text's salt and the heading's name, which GitHub's rule makes
of its words. `[text](#its-words)` leads to it. The prefix keeps ids apart from names of the page's
scripts; the salt keeps the headings of two posts on one page apart.
"""

import html
import re
from unicodedata import category
from urllib.parse import unquote

#: Longest name made of a heading's words, in characters.
MAX_SLUG = 200

#: The categories of letters, marks, decimal digits, letter-like numbers, and of `_` and its like.
_KEPT = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"}
#: Letters in circles and squares are symbols to Unicode.
_ALSO_KEPT = re.compile(
    "[ \u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189-]"
)

#: The sanitiser may write other attributes before href, with any value.
_HREF = re.compile(r'^(<a(?: (?!href=)[\w-]+="[^"]*")*) href="[^"]*"')


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

    def text(self, text: str) -> None:
        """Add a text of the HTML, before any additions. Text outside of headings is ignored."""
        if self._open:
            self._words.append(text)

    def end(self) -> None:
        """End the heading, and build its name from its words."""
        if self._open:
            name = slug(html.unescape("".join(self._words)))
            if name.strip("-"):
                self._found[self._unused(name)] = self._open
        self._open = None

    def link(self, place: int, name: str) -> None:
        """Note a link to a name within the text. Its tag will be at this place."""
        self._links.append((place, name))

    def resolve(self, parts: list[str]) -> None:
        """Write the ids and the links to them. A link to an unknown name loses its href."""
        for name, (place, tag) in self._found.items():
            parts[place] = parts[place].replace(f"<{tag}", f'<{tag} id="{self._ids}{name}"', 1)
        for place, name in self._links:
            wanted = unquote(name).removeprefix(self._ids).removeprefix(self._prefix).lower()
            # The name of a long heading is cut.
            wanted = wanted if wanted in self._found else wanted[:MAX_SLUG]
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
    """GitHub's name for these words: lower case, without punctuation, with dashes for spaces.

    An emoji code counts as written. A heading of punctuation only has no name.
    """
    lower = words.strip("\n").lower()
    kept = "".join(each for each in lower if category(each) in _KEPT or _ALSO_KEPT.match(each))
    return kept[:MAX_SLUG].replace(" ", "-")
