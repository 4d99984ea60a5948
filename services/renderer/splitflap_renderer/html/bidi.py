"""Bidirectional controls stay within their block (Unicode Standard Annex 9, UAX #9).

A control that is left open reorders what a page shows after it. So each block closes its controls,
and so does each title and each name of an image. Code has none: it is shown in the order in which
a program reads it, and a copy of it hides nothing (CVE-2021-42574). Marks (U+200E, U+200F) stay.
"""

import re

from splitflap_renderer.html.tokens import CODE, INLINE, TOKEN

_PDF, _PDI = "\u202c", "\u2069"

#: Each control that opens a range, and the control that closes it.
_CLOSERS = {
    **dict.fromkeys("\u202a\u202b\u202d\u202e", _PDF),
    **dict.fromkeys("\u2066\u2067\u2068", _PDI),
}

#: Most open ranges, as in UAX #9. A browser ignores deeper ones.
_MAX_OPEN = 125

_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SHOWN_ATTRIBUTE = re.compile(r'(?<= alt=")[^"]*|(?<= title=")[^"]*')


def has_controls(text: str) -> bool:
    """Whether a text has bidirectional controls. Most texts have none."""
    return not text.isascii() and _CONTROLS.search(text) is not None


def without_controls(text: str) -> str:
    """The text without bidirectional controls."""
    return _CONTROLS.sub("", text)


def closed(html: str) -> str:
    """Sanitised HTML in which each block closes its controls, and code has none."""
    parts: list[str] = []
    block = _Ranges()
    code = 0
    for token in TOKEN.finditer(html):
        tag = token["tag"]
        if not tag:
            text = token[0]
            parts.append(without_controls(text) if code else block.kept(text))
            continue
        if tag in CODE:
            code += -1 if token["end"] else 1
        if tag not in INLINE:
            parts.append(block.ends())
        parts.append(_SHOWN_ATTRIBUTE.sub(_closed_value, token[0]))
    return "".join([*parts, block.ends()])


def _closed_value(found: re.Match[str]) -> str:
    ranges = _Ranges()
    return ranges.kept(found[0]) + ranges.ends()


class _Ranges:
    """The open ranges of a block, as the controls that will close them."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def kept(self, text: str) -> str:
        """The text without controls that close nothing."""
        return _CONTROLS.sub(self._one, text)

    def ends(self) -> str:
        """Close all ranges."""
        ends = "".join(reversed(self._open))
        self._open.clear()
        return ends

    def _one(self, found: re.Match[str]) -> str:
        control = found[0]
        if closer := _CLOSERS.get(control):
            return self._begin(control, closer)
        if control == _PDI and _PDI in self._open:
            # It closes all ranges within it too.
            while self._open.pop() != _PDI:
                pass
            return control
        if control == _PDF and self._open[-1:] == [_PDF]:
            self._open.pop()
            return control
        return ""

    def _begin(self, control: str, closer: str) -> str:
        if len(self._open) == _MAX_OPEN:
            return ""
        self._open.append(closer)
        return control
