"""Entities by CommonMark 0.31.2, section 6.2: `&copy;`, `&#169;`, `&#xA9;`.

HTML also has a few names without a semicolon, and so decodes the beginning of `&copyright;`. People
write that as a word or as a parameter of a URL.
"""

import html
import re
from html.entities import html5

from markdown_it.common.utils import isValidEntityCode

ENTITY = re.compile(r"(?i)&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[0-9a-z]{1,32});")

#: The character for a number that has none.
REPLACEMENT = "\ufffd"


def decoded(text: str) -> str:
    """A text with characters for its entities. Everything else stays as written."""
    return ENTITY.sub(_character, text)


def only_entities(text: str) -> str:
    """HTML of a text in which each `&` begins an entity. Other ones are escaped."""
    parts, end = [], 0
    for found in ENTITY.finditer(text):
        if is_entity(found[0]):
            parts += [text[end : found.start()].replace("&", "&amp;"), found[0]]
            end = found.end()
    return "".join([*parts, text[end:].replace("&", "&amp;")])


def is_entity(written: str) -> bool:
    """Whether something like `&word;` has a character."""
    return written[1] == "#" or written[1:] in html5


def _character(found: re.Match[str]) -> str:
    written = found[0]
    if not is_entity(written):
        return written
    return html.unescape(written) if _is_valid(written) else REPLACEMENT


def _is_valid(entity: str) -> bool:
    """Whether no number, or that of a character. Controls and noncharacters are none."""
    if entity[1] != "#":
        return True
    is_hex = entity[2] in "xX"
    return isValidEntityCode(int(entity[3:-1], 16) if is_hex else int(entity[2:-1]))
