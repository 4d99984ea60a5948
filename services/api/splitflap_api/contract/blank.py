"""Texts that show nothing, so that a post of them would be empty."""

import html
import re

from splitflap_api.contract.patterns import INVISIBLE

#: Further invisible characters, which the pattern of the document leaves out. A literal of
#: JavaScript ends at U+2028, Rust refuses U+202A in a source, and JavaScript without the flag `u`
#: cannot read those above U+FFFF in a class.
_IN_NO_PATTERN = "\u2028-\u202e\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"

_BLANK = re.compile(f"[{INVISIBLE}{_IN_NO_PATTERN}]*+")

#: Comments of HTML and escapes of characters. The comments of Markdown are definitions of links
#: that lead nowhere: `[//]: # (text)`.
_PART = re.compile(
    r"(?P<comment><!--(?:(?!-->).)*+-->)"
    r"|(?P<definition>\[[^\]\n]++\]:[ \t]*+(?:\#|<>)"
    r"""(?:[ \t]++(?:"[^"\n]*+"|'[^'\n]*+'|\([^()\n]*+\)))?+[ \t\r]*+)(?=\n|\Z)"""
    r"|(?P<escape>&\#?[0-9A-Za-z]{1,32};)",
    re.DOTALL,
)

#: Columns of indentation that make code, which shows everything.
_CODE = 4


def is_blank(text: str) -> bool:
    """Whether a text has invisible characters and comments only.

    It reads up to the first visible character.
    """
    end = 0
    while True:
        blank = _BLANK.match(text, end)
        begin = blank.end() if blank else end
        if begin == len(text):
            return True
        _, newline, indent = text[end:begin].rpartition("\n")
        part = _PART.match(text, begin)
        if part is None:
            return False
        starts_line = bool(newline) or end == 0
        if starts_line and _columns(indent) >= _CODE:
            return False
        if part["definition"] and not starts_line:
            return False
        if part["escape"] and not _BLANK.fullmatch(html.unescape(part["escape"])):
            return False
        end = part.end()


def _columns(indent: str) -> int:
    return len(indent.expandtabs(4)) - len(indent.expandtabs(4).lstrip(" "))
