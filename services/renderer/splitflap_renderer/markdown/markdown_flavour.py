"""The flavour `markdown`: Python-Markdown with extensions."""

from markdown import Markdown
from markdown.extensions.footnotes import FootnoteExtension

from splitflap_renderer.markdown.extensions.autolinks import AutolinksExtension
from splitflap_renderer.markdown.extensions.blocks import BlocksExtension
from splitflap_renderer.markdown.extensions.emphasis import EmphasisExtension
from splitflap_renderer.markdown.extensions.escapes import EscapesExtension
from splitflap_renderer.markdown.extensions.footnote_ids import FootnoteIdsExtension
from splitflap_renderer.markdown.extensions.line_breaks import LineBreaksExtension
from splitflap_renderer.markdown.extensions.link_syntax import LinkSyntaxExtension
from splitflap_renderer.markdown.extensions.literals import LiteralsExtension
from splitflap_renderer.markdown.extensions.previews import PreviewsExtension
from splitflap_renderer.markdown.extensions.raw_links import RawLinksExtension
from splitflap_renderer.markdown.rules.common import Grammar
from splitflap_renderer.markdown.rules.targets import ALLOWED, ANY

#: A text cannot choose the place of its footnotes: Markdown removes U+0002 from every text.
_NO_PLACE_MARKER = "\x02nowhere\x03"


class MarkdownFlavour:
    """A parser that is reset for each text. Build it once.

    After an error it may hold the state of half a text: build a new one. With `breaks`, a newline
    within a paragraph is a line break. The grammar `commonmark` has no bare links and no filter of
    raw HTML.
    """

    def __init__(self, grammar: Grammar = "posts", *, breaks: bool = False) -> None:
        self._previews = PreviewsExtension()
        self._footnote_ids = FootnoteIdsExtension()
        footnotes = FootnoteExtension(PLACE_MARKER=_NO_PLACE_MARKER)
        targets = ALLOWED if grammar == "posts" else ANY
        extensions = [
            footnotes,
            EmphasisExtension(),
            LinkSyntaxExtension(targets),
            RawLinksExtension(),
            AutolinksExtension(targets, bare=grammar != "commonmark"),
            EscapesExtension(),
            LineBreaksExtension(newlines=breaks),
            self._previews,
            self._footnote_ids,
            BlocksExtension(footnotes, grammar),
            LiteralsExtension(filter_raw_html=grammar != "commonmark", breaks=breaks),
        ]
        self._markdown = Markdown(extensions=extensions, output_format="html")

    def convert(self, text: str, salt: str) -> tuple[str, list[str]]:
        """The HTML before sanitising, and the links that get previews, in reading order.

        `salt` keeps the ids of this text's footnotes apart from those of other texts.

        Raises:
            Exception: Python-Markdown fails on some texts, with RecursionError and others.
        """
        self._markdown.reset()
        self._footnote_ids.use(salt)
        html = self._markdown.convert(text)
        links = list(self._previews.links)
        # Frees the memory of the text.
        self._markdown.reset()
        return html, links
