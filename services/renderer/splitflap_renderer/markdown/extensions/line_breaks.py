"""Line breaks of the flavour `markdown`: CommonMark's, and those by newlines on request."""

import re
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import SubstituteTagInlineProcessor

from splitflap_renderer.markdown.extensions.tree import Pieces, TextReplacer

#: The name, pattern and priority of each break. Escapes come before both (180), so the backslash is
#: no escaped one. Code, links and tags come before spaces (from 90).
_BREAKS = (("backslash_break", r"\\\n *", 175), ("linebreak", r"(?<! ) {2,}\n *", 85))

_NEWLINE = re.compile(r"(?<! ) *\n *")


class LineBreaksExtension(Extension):
    """Writes `<br>` as CommonMark does and, with `newlines`, for each newline of a paragraph."""

    def __init__(self, *, newlines: bool) -> None:
        super().__init__()
        self._newlines = newlines

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Newlines come after all inline syntax (20), and before those of the HTML (10).

        `linebreak` replaces Markdown's pattern, which leaves a third space.
        """
        for name, pattern, priority in _BREAKS:
            md.inlinePatterns.register(SubstituteTagInlineProcessor(pattern, "br"), name, priority)
        if self._newlines:
            texts = TextReplacer(md, _broken, sign="\n", verbatim={"code"})
            md.treeprocessors.register(texts, "newlines", 15)


def _broken(text: str) -> Pieces:
    first, *lines = _NEWLINE.split(text)
    return [first, *(piece for line in lines for piece in (Element("br"), line))]
