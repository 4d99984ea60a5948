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
    r"(?P<comment><!--(?:-?>|(?:(?!-->).)*+-->))"
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
    begin = _after_blank(text, 0)
    end = 0
    while begin < len(text):
        part = _PART.match(text, begin)
        _, newline, indent = text[end:begin].rpartition("\n")
        starts_line = bool(newline) or end == 0
        if part is None or _shows(part, indent, starts_line=starts_line):
            return False
        end = part.end()
        begin = _after_blank(text, end)
    return True


def _after_blank(text: str, place: int) -> int:
    blank = _BLANK.match(text, place)
    return blank.end() if blank else place


def _shows(part: re.Match[str], indent: str, *, starts_line: bool) -> bool:
    """Whether a reader sees a comment, a definition or an escape after this white space."""
    if starts_line and _columns(indent) >= _CODE:
        return True
    if part["escape"]:
        return not _BLANK.fullmatch(html.unescape(part["escape"]))
    return bool(part["definition"]) and not starts_line


def _columns(indent: str) -> int:
    spaces = indent.expandtabs(_CODE)
    return len(spaces) - len(spaces.lstrip(" "))
