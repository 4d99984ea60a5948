"""Text outside of blocks gets a block, so that it has a direction.

Raw HTML leaves such text: after a comment or `<hr>`, or where a `<details>` ends the paragraph in
which it stands. HTML then begins an empty paragraph at the end tag of that one.
"""

import re

from splitflap_renderer.html.tokens import INLINE, TOKEN, VOID

#: Text or an element within a line, at the beginning or after a block; an empty paragraph. Most
#: HTML has none.
_MAY_BE_LOOSE = re.compile(
    rf"(?:\A|</(?!(?:{'|'.join(sorted(INLINE))})>)[a-z0-9]+>|<hr>)\s*+"
    rf"(?:[^<\s]|<(?:{'|'.join(sorted(INLINE))})[ >])|<p></p>"
)


def in_blocks(html: str) -> str:
    """Sanitised HTML with a `<div>` around text outside of blocks, without empty paragraphs."""
    return _Blocks().of(html) if _MAY_BE_LOOSE.search(html) else html


class _Blocks:
    def __init__(self) -> None:
        self._parts: list[str] = []
        #: Open blocks, and open elements within a line outside of them.
        self._blocks = self._inline = 0
        #: Whether the block of this class is open.
        self._is_open = False

    def of(self, html: str) -> str:
        end = 0
        for token in TOKEN.finditer(html):
            end = token.end()
            if self._parts[-1:] == ["<p>"] and token[0] == "</p>":
                self._parts.pop()
                self._blocks -= 1
                continue
            if self._blocks == 0:
                self._outside(token)
            self._count(token)
            self._parts.append(token[0])
        self._close()
        return "".join(self._parts) + html[end:]

    def _outside(self, token: re.Match[str]) -> None:
        """Open or close the block before a token outside of blocks."""
        tag = token["tag"]
        if token["text"]:
            opens = not token[0].isspace()
        else:
            opens = tag in INLINE
            if not opens and tag != "br" and self._inline == 0:
                self._close()
        if opens and not self._is_open:
            self._parts.append("<div>")
            self._is_open = True

    def _close(self) -> None:
        if self._is_open:
            self._parts.append("</div>")
            self._is_open = False

    def _count(self, token: re.Match[str]) -> None:
        tag = token["tag"]
        if not tag or tag in VOID:
            return
        step = -1 if token["end"] else 1
        if tag not in INLINE:
            self._blocks += step
        elif self._blocks == 0:
            self._inline += step
