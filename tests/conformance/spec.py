"""The examples of the specifications, and a comparable form of HTML."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from splitflap_renderer.html.sanitiser import ESCAPE_MARKER

FOLDER = Path(__file__).parents[2] / ".cache" / "specs"

_EXAMPLE = re.compile(
    r"^(?:#{1,6} +(?P<section>.*)|`{32} example *(?P<extension>[a-z ]*)\n"
    r"(?P<text>[\s\S]*?)^\.\n(?P<html>[\s\S]*?)^`{32})$",
    re.MULTILINE,
)

_MARKER = re.compile(rf'<span class="{ESCAPE_MARKER}">(.)</span>')

#: White space around these elements is invisible.
_BLOCKS = {
    *("p", "pre", "ul", "ol", "li", "blockquote", "hr", "br", "div", "h1", "h2", "h3", "h4", "h5"),
    *("h6", "table", "thead", "tbody", "tr", "th", "td"),
}


class Example(NamedTuple):
    """One example. `extension` is GitHub's name of the shown extension, or empty."""

    name: str
    section: str
    extension: str
    text: str
    html: str


def examples(name: str) -> list[Example]:
    """The examples of `commonmark` or `gfm`. The files write a tab as an arrow."""
    source = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    found: list[Example] = []
    section = ""
    for match in _EXAMPLE.finditer(source):
        if match["text"] is None:
            section = match["section"]
            continue
        text, html = (match[part].replace("\u2192", "\t") for part in ("text", "html"))
        number = f"{name}-{len(found) + 1}"
        found.append(Example(number, section, match["extension"].strip(), text, html))
    return found


def without_markers(html: str) -> str:
    """The HTML without the markers of escaped characters. `decorate` removes them from posts."""
    return _MARKER.sub(r"\1", html)


def comparable(html: str) -> str:
    """The HTML without invisible differences: white space around blocks, highlighting in code."""
    reader = _Reader()
    reader.feed(without_markers(html))
    reader.close()
    return "".join(reader.parts).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._pre = False
        self._after_block = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            self._pre = True
        if not self._is_highlighting(tag):
            kept = sorted((name, value or "") for name, value in attrs if name != "class")
            self._tag(tag, f"<{tag}{''.join(f' {name}={value!r}' for name, value in kept)}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._is_highlighting(tag):
            self._tag(tag, f"</{tag}>")
        if tag == "pre":
            self._pre = False

    def handle_data(self, data: str) -> None:
        if not self._pre:
            data = re.sub(r"\s+", " ", data)
            data = data.lstrip() if self._after_block else data
        if data:
            self.parts.append(data)
            self._after_block = False

    def handle_comment(self, data: str) -> None:
        self.parts.append(f"<!--{data}-->")

    def _tag(self, tag: str, written: str) -> None:
        self._after_block = tag in _BLOCKS
        if self._after_block and self.parts and not self._pre:
            self.parts[-1] = self.parts[-1].rstrip()
        self.parts.append(written)

    def _is_highlighting(self, tag: str) -> bool:
        """Whether highlighting has added this element."""
        return tag == "div" or (tag == "span" and self._pre)
