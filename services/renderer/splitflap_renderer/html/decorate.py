"""Splitflap's additions to sanitised HTML, in one pass, the same for both flavours.

It adds ids of headings and links to them, links of names, emoji, highlighted code with its language
and the image proxy. It collects the names and an excerpt. The sanitiser's HTML is so regular that
one pattern matches all of it; other HTML is refused.
"""

import html
import re

import msgspec
from splitflap_core.urls.web_url import BadUrl, canonical

from splitflap_renderer.footnote_ids import FOOTNOTE_ID
from splitflap_renderer.html.excerpt import Excerpt
from splitflap_renderer.html.headings import Headings
from splitflap_renderer.html.highlight import Highlighter
from splitflap_renderer.html.names import Names
from splitflap_renderer.html.sanitiser import HEADINGS, LANGUAGE_CLASS, LANGUAGES
from splitflap_renderer.html.templates import proxied
from splitflap_renderer.options import Options

_TOKEN = re.compile(
    r"<(?P<end>/?)(?P<tag>[a-z][a-z0-9]*)(?P<attributes>(?: [a-z-]+=\"[^\"]*\")*)>|(?P<text>[^<]+)"
)
_ATTRIBUTE = re.compile(r" ([a-z-]+)=\"([^\"]*)\"")

_INLINE = {
    *("a", "abbr", "b", "cite", "code", "del", "em", "i", "img", "input", "ins", "kbd", "mark"),
    *("q", "s", "samp", "small", "span", "strong", "sub", "sup", "u", "var"),
}
_CODE = {"pre", "code", "kbd", "samp"}

#: The pass reads the attributes of these elements.
_READ = {"a", "img", "div", "code"}

#: The language that pymdown-extensions writes for code without a known language.
_UNNAMED = "text"


#: A bound for callers without one, in characters.
MAX_SPARE = 1_000_000


class Decorated(msgspec.Struct, frozen=True):
    """The HTML, the names in it, and the excerpt."""

    html: str
    mentions: list[str]
    channels: list[str]
    excerpt: str


class NotSanitised(ValueError):
    """The HTML was not written by the sanitiser."""


def decorated(html_: str, options: Options, spare: int = MAX_SPARE) -> Decorated:
    """Make all additions to sanitised HTML. Marks of code may add `spare` characters.

    Raises:
        NotSanitised: the sanitiser has not written this HTML.
    """
    decorator = _Decorator(options, spare)
    end = 0
    for token in _TOKEN.finditer(html_):
        if token.start() != end:
            break
        end = token.end()
        decorator.take(token)
    if end != len(html_):
        raise NotSanitised(f"expected a tag or text at {html_[end : end + 40]!r}")
    return decorator.result()


class _Decorator:
    def __init__(self, options: Options, spare: int) -> None:
        self._options = options
        self._highlighter = Highlighter(spare)
        self._parts: list[str] = []
        self._names = Names(options)
        self._headings = Headings(options.heading_prefix)
        self._excerpt = Excerpt()
        #: Numbers of open code elements and links.
        self._code = self._links = 0
        #: Whether the open link belongs to a footnote; its number is left out of the excerpt.
        self._reference = False
        #: The visible character before the next token; empty at the start of a block.
        self._before = ""
        #: The index in `_parts` of an open code block without highlighting, and its language.
        self._block: tuple[int, str] | None = None

    def take(self, token: re.Match[str]) -> None:
        """Add the next tag or text."""
        if token["text"]:
            self._text(token["text"])
            return
        tag = token["tag"]
        if tag not in _INLINE:
            self._before = ""
            self._excerpt.space()
        if token["end"]:
            self._end(tag, token[0])
        else:
            self._start(tag, token)

    def result(self) -> Decorated:
        """The result, after the last token."""
        self._headings.resolve(self._parts)
        return Decorated(
            "".join(self._parts),
            list(self._names.mentions),
            list(self._names.channels),
            str(self._excerpt),
        )

    def _text(self, text: str) -> None:
        before, self._before = self._before, text[-1]
        if not self._code:
            text = self._names.marked(text, before, linked=self._links > 0)
        self._headings.text(text)
        if not self._reference:
            self._excerpt.add(text if "<" not in text else _TOKEN.sub(r"\g<text>", text))
        self._parts.append(text)

    def _start(self, tag: str, token: re.Match[str]) -> None:
        written = token[0]
        attributes = dict(_ATTRIBUTE.findall(written)) if tag in _READ else {}
        if tag in HEADINGS:
            self._headings.start(len(self._parts), tag)
        elif tag == "a":
            self._links += 1
            written = self._link(written, attributes)
        elif tag == "img":
            written = self._image(written, attributes)
        elif tag == "input":
            self._task_item()
        elif tag == "div":
            written = self._div(written, attributes)
        if tag in _CODE:
            self._begin_code(tag, attributes)
        self._parts.append(written)

    def _end(self, tag: str, written: str) -> None:
        if tag in HEADINGS:
            self._headings.end()
        elif tag == "a":
            self._links -= 1
            self._reference = False
        elif tag in _CODE:
            self._code -= 1
            if tag == "pre" and self._block:
                written = self._highlight_block(*self._block)
        self._parts.append(written)

    def _link(self, written: str, attributes: dict[str, str]) -> str:
        """Note a link within the text. Any other link gets the form that its preview has."""
        href = attributes.get("href", "")
        self._reference = bool(FOOTNOTE_ID.fullmatch(href[1:]))
        if href.startswith("#") and not self._reference:
            self._headings.link(len(self._parts), html.unescape(href[1:]))
        return written.replace(f' href="{href}"', f' href="{_canonical(href)}"', 1)

    def _image(self, written: str, attributes: dict[str, str]) -> str:
        self._excerpt.add(attributes.get("alt", ""))
        source = attributes.get("src", "")
        if not source.lower().startswith(("http://", "https://")):
            return written.replace(f' src="{source}"', "")
        there = html.escape(proxied(self._options, html.unescape(source)))
        return written.replace(f' src="{source}"', f' src="{there}"', 1)

    def _task_item(self) -> None:
        """A checkbox at the start of a list item makes it a task list's item."""
        for place in range(len(self._parts) - 1, -1, -1)[:3]:
            if self._parts[place] == "<li>":
                self._parts[place] = '<li class="task-list-item">'
            elif self._parts[place].strip() not in {"", "<p>"}:
                return

    def _div(self, written: str, attributes: dict[str, str]) -> str:
        classes = attributes.get("class", "").split()
        if "footnote" in classes:
            self._excerpt.end()
        for name in classes:
            if found := LANGUAGE_CLASS.fullmatch(name):
                others = " ".join(each for each in classes if each != name)
                return f'<div class="{others}"{_label(found[1])}>'
        return written

    def _begin_code(self, tag: str, attributes: dict[str, str]) -> None:
        """Code directly within `pre` is a block. pymdown-extensions puts a span before its code."""
        self._code += 1
        if tag == "code" and self._parts and self._parts[-1] == "<pre>":
            found = LANGUAGE_CLASS.fullmatch(attributes.get("class", ""))
            self._block = (len(self._parts), found[1] if found else "")

    def _highlight_block(self, start: int, language: str) -> str:
        """Replace the parts of a code block by highlighted ones; return its end tags."""
        self._block = None
        inner = self._parts[start + 1 :]
        # Exactly a text and the end tag of the code.
        if len(inner) != 2 or inner[0].startswith("<") or inner[1] != "</code>":  # noqa: PLR2004
            return "</pre>"
        marked = self._highlighter.highlighted(html.unescape(inner[0]), language)
        label = ""
        if marked:
            inner[0], label = marked[0], _label(marked[1])
        self._parts[start - 1 :] = [f'<div class="highlight"{label}><pre><code>', *inner]
        return "</pre></div>"


def _canonical(href: str) -> str:
    """The href of a link with the canonical form of its host. Credentials stay in it."""
    if href[:4].lower() != "http":
        return href
    try:
        return html.escape(canonical(html.unescape(href), keep_credentials=True))
    except BadUrl:
        return href


def _label(language: str) -> str:
    name = LANGUAGES.get(language, _UNNAMED)
    return "" if name == _UNNAMED else f' data-language="{name}"'
