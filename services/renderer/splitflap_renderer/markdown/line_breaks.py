"""Line breaks of the flavour `markdown`: CommonMark's, and those by newlines on request."""

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import SubstituteTagInlineProcessor

#: The name, pattern and priority of each break. Escapes come before all of them (180), so the
#: backslash is no escaped one. Code, links and tags come before spaces (above 90), and all other
#: syntax comes before newlines.
_ALWAYS = (("backslash_break", r"\\\n *", 175), ("linebreak", r" {2,}\n *", 85))
_NEWLINES = (("newline_break", r" ?\n *", 5),)


class LineBreaksExtension(Extension):
    """Writes `<br>` as CommonMark does and, with `newlines`, for each newline of a paragraph."""

    def __init__(self, *, newlines: bool) -> None:
        super().__init__()
        self._breaks = _ALWAYS + (_NEWLINES if newlines else ())

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Register the patterns. `linebreak` replaces Markdown's, which leaves a third space."""
        for name, pattern, priority in self._breaks:
            md.inlinePatterns.register(SubstituteTagInlineProcessor(pattern, "br"), name, priority)
