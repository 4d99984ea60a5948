"""The flavour `markdown`: Python-Markdown with extensions."""

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.footnotes import FootnoteExtension
from pymdownx.betterem import BetterEmExtension
from pymdownx.tasklist import TasklistExtension
from pymdownx.tilde import DeleteSubExtension

from splitflap_renderer.markdown.blocks import BlocksExtension
from splitflap_renderer.markdown.line_breaks import LineBreaksExtension
from splitflap_renderer.markdown.link_syntax import LinkSyntaxExtension
from splitflap_renderer.markdown.links_extension import LinksExtension

#: A text cannot choose the place of its footnotes: Markdown removes U+0002 from every text.
_NO_PLACE_MARKER = "\x02nowhere\x03"


class MarkdownFlavour:
    """A parser that is reset for each text. Build it once.

    After an error it may hold the state of half a text: build a new one. With `breaks`, a newline
    within a paragraph is a line break.
    """

    def __init__(self, *, breaks: bool = False) -> None:
        self._links = LinksExtension()
        extensions = [*_extensions(), LineBreaksExtension(newlines=breaks), self._links]
        self._markdown = Markdown(extensions=extensions, output_format="html")

    def convert(self, text: str, text_hash: str) -> tuple[str, list[str]]:
        """The HTML before sanitising, and the links that get previews, in reading order.

        `text_hash` keeps the ids of this text's footnotes apart from those of other texts.

        Raises:
            Exception: Python-Markdown fails on some texts, with RecursionError and others.
        """
        self._markdown.reset()
        self._links.begin(text_hash)
        html = self._markdown.convert(text)
        # Frees the memory of the text.
        self._markdown.reset()
        return html, self._links.links


def _extensions() -> list[Extension]:
    footnotes = FootnoteExtension(PLACE_MARKER=_NO_PLACE_MARKER)
    return [
        footnotes,
        BetterEmExtension(),
        DeleteSubExtension(subscript=False),
        TasklistExtension(),
        LinkSyntaxExtension(),
        BlocksExtension(footnotes),
    ]
