"""Markdown to safe HTML and links. Pure: the same text gives the same result, in any order."""

from functools import cache
from hashlib import blake2b

from markdown import Markdown
from markdown.extensions.footnotes import FootnoteExtension
from markdown.extensions.tables import TableExtension
from pymdownx.highlight import HighlightExtension
from pymdownx.superfences import SuperFencesCodeExtension
from pymdownx.tasklist import TasklistExtension
from pymdownx.tilde import DeleteSubExtension
from splitflap_core.contracts import RenderResult

from splitflap_renderer.links import LinksExtension
from splitflap_renderer.sanitiser import sanitised

#: Largest HTML of a text, in characters. A text can repeat a long reference many times; a broker
#: takes messages of 16 MiB at most (RabbitMQ's max_message_size), four bytes a character.
MAX_HTML = 2_000_000

#: Where footnotes go is not the text's to say: Markdown removes U+0002 from every text.
_NO_PLACE_MARKER = "\x02nowhere\x03"


class TooLarge(ValueError):
    """A text whose HTML is longer than MAX_HTML."""


def render(text: str) -> RenderResult:
    """The text as sanitised HTML, and the links that want previews.

    Raises:
        TooLarge: the HTML is too long.
        Exception: Markdown stumbles over some texts; RecursionError and others are known.
    """
    markdown, links = _machine()
    try:
        markdown.reset()
        links.begin(blake2b(text.encode(), digest_size=4).hexdigest())
        html = _bounded(markdown.convert(text))
        result = RenderResult(_bounded(sanitised(html)), links.links)
        markdown.reset()
    except BaseException:
        # Its parser may have stopped half-way, with this text's state.
        _machine.cache_clear()
        raise
    return result


def _bounded(html: str) -> str:
    if len(html) > MAX_HTML:
        raise TooLarge(f"{len(html)} characters of HTML; at most {MAX_HTML}")
    return html


@cache
def _machine() -> tuple[Markdown, LinksExtension]:
    """Building it takes as long as some texts, so it is kept and reset."""
    links = LinksExtension()
    extensions = [
        HighlightExtension(guess_lang=False, noclasses=False, auto_title=False),
        SuperFencesCodeExtension(custom_fences=[]),
        TableExtension(use_align_attribute=True),
        FootnoteExtension(PLACE_MARKER=_NO_PLACE_MARKER),
        DeleteSubExtension(subscript=False),
        TasklistExtension(),
        links,
    ]
    return Markdown(extensions=extensions, output_format="html"), links
