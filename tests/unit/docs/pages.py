"""The documentation as text: code spans, blocks, cells and links, each with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[3]

#: Pages of these folders are held to the code; pages of the corpus are not documentation.
_PATTERNS = ("*.md", "docs/**/*.md", "charts/**/*.md", "services/*/*.md", "*/README.md")

_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Mention:
    """A piece of a page and the number of its line."""

    line: int
    text: str


@dataclass(frozen=True)
class Page:
    """One page; `name` is its path from the root of the repository."""

    name: str
    text: str

    @cached_property
    def prose(self) -> list[Mention]:
        """Lines outside code blocks."""
        return [line for line, fenced in self._lines() if not fenced]

    @cached_property
    def blocks(self) -> list[Mention]:
        """Lines of code blocks."""
        return [line for line, fenced in self._lines() if fenced]

    @cached_property
    def lines(self) -> list[Mention]:
        """All lines."""
        return [line for line, _ in self._lines()]

    @cached_property
    def spans(self) -> list[Mention]:
        """The texts between backticks in prose."""
        return [
            Mention(line.line, span) for line in self.prose for span in _SPAN.findall(line.text)
        ]

    @cached_property
    def cells(self) -> list[Mention]:
        """Tables' cells, and whole lines elsewhere."""
        return [
            Mention(line.line, cell)
            for line in self.prose
            for cell in (line.text.split(" | ") if line.text.startswith("|") else [line.text])
        ]

    @cached_property
    def links(self) -> list[Mention]:
        """The targets of links."""
        return [
            Mention(line.line, target)
            for line in self.prose
            for target in _LINK.findall(_SPAN.sub("", line.text))
        ]

    @cached_property
    def anchors(self) -> set[str]:
        """The anchors that GitHub gives to the headings."""
        headings = (line.text.lstrip("# ") for line in self.prose if line.text.startswith("#"))
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def section(self, heading: str) -> "Page":
        """The part below one heading, up to the next one of any level."""
        parts = re.split(r"^#+ +", self.text, flags=re.MULTILINE)
        return Page(self.name, next(part for part in parts if part.split("\n")[0] == heading))

    def _lines(self) -> Iterator[tuple[Mention, bool]]:
        fenced = False
        for number, text in enumerate(self.text.splitlines(), 1):
            if text.startswith("```"):
                fenced = not fenced
            else:
                yield Mention(number, text), fenced


def read_page(path: Path) -> Page:
    """One page of the repository."""
    return Page(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def all_pages() -> dict[str, Page]:
    """The pages that are held to the code, by name."""
    paths = {path for pattern in _PATTERNS for path in ROOT.glob(pattern)}
    return {page.name: page for page in map(read_page, sorted(paths))}
