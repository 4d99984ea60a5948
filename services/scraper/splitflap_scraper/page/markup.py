"""Parses tags and texts of HTML in linear time, as strings instead of a tree."""

import html
import re
from collections.abc import Iterable
from functools import lru_cache
from html.entities import html5

from splitflap_scraper.page.non_text import without_non_text

#: Attributes read of one tag. Real tags have a dozen.
MAX_ATTRIBUTES = 100

#: Characters read of a value: more than the longest URL or description kept.
MAX_VALUE = 4096

#: The rest of a tag up to its end. A quote counts only after "=" (HTML Standard, tokenization).
#: The alternatives are possessive and exclude each other, so the match never backtracks. Their
#: repetition is not possessive, since it ends too early before Python 3.11.5
#: (https://github.com/python/cpython/issues/106052).
REST_OF_TAG = re.compile(
    r"""[^>"'=]*+(?:(?:=\s*+"[^"]*+"|=\s*+'[^']*+'|=(?=\s*+[^\s"'])|["'])[^>"'=]*+)*""", re.ASCII
)

_NAME = re.compile(r"</?[a-z][^\s/>]*+", re.IGNORECASE | re.ASCII)
_ATTRIBUTE = re.compile(
    r"""([^\s"'<>/=]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]++)))?""", re.ASCII
)
#: A character reference with a short name. Before a letter, a digit or "=" it needs its semicolon
#: (HTML Standard, "named character reference state"): query strings are full of "&name=".
_REFERENCE = re.compile(
    r"&(\#\d{1,7}(?!\d);?|\#x[0-9a-f]{1,6}(?![0-9a-f]);?|[a-z][a-z0-9]{1,31}(?:;|(?![\w=;])))",
    re.IGNORECASE | re.ASCII,
)
#: Characters of the longest name that is valid without its semicolon.
_LONGEST_BARE = max(len(each) for each in html5 if each[-1] != ";")
#: Pages repeat the numbers of a few characters.
_numbered = lru_cache(maxsize=512)(html.unescape)

#: Inline elements, which do not separate words as others do.
_INLINE = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|em|font|i|mark|q|s|small|span|strong|sub|sup|u|wbr)"
    r"(?=[\s/>])[^<>]*+>",
    re.IGNORECASE | re.ASCII,
)
_TAG = re.compile(r"<[a-z/!?][^<>]*+>?", re.IGNORECASE | re.ASCII)


def any_name(names: Iterable[str]) -> str:
    """Return a pattern of any of these names in ASCII, in any case.

    It tries the next letter only, so a search is faster than with re.IGNORECASE and alternatives.
    """
    rests: dict[str, list[str]] = {}
    for name in sorted(names, reverse=True):
        rests.setdefault(name[:1], []).append(name[1:])
    each = (f"[{first}{first.upper()}]{any_name(rest)}" for first, rest in rests.items() if first)
    found = "|".join([*each, ""] if "" in rests else each)
    return f"(?:{found})" if "|" in found else found


def attributes(tag: str) -> dict[str, str]:
    """Return the attributes of a start tag by lower-case name. The first one of a name counts."""
    found: dict[str, str] = {}
    name = _NAME.match(tag)
    for key, double, single, bare in _ATTRIBUTE.findall(tag, name.end() if name else 0):
        found.setdefault(key.lower(), double or single or bare)
        if len(found) >= MAX_ATTRIBUTES:
            break
    return found


def unescaped(text: str, limit: int = MAX_VALUE) -> str:
    """Cut a text to `limit` characters, and replace its character references."""
    text = text[:limit]
    return _REFERENCE.sub(character, text) if "&" in text else text


def unescaped_values(attributes: dict[str, str]) -> dict[str, str]:
    """Return attributes with the references in their values replaced."""
    return {name: unescaped(value) for name, value in attributes.items()}


def character(reference: re.Match[str]) -> str:
    """Return the character of a reference: `&` and a first group.

    A text of unknown names takes a third of the time of `html.unescape`, which tries all their
    beginnings.
    """
    name = reference[1]
    if found := html5.get(name):
        return found
    if name[0] == "#":
        return _numbered(reference[0])
    for size in range(min(len(name) - 1, _LONGEST_BARE), 1, -1):
        if found := html5.get(name[:size]):
            return found + name[size:]
    return reference[0]


def without_comments(text: str) -> str:
    """Replace complete comments by spaces. A pattern would take quadratic time for their starts."""
    kept: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept += (text[at:start], " ")
        at = end + 3
    return "".join([*kept, text[at:]])


def text_of(markup: str) -> str:
    """Return the text of a piece of HTML of a few KiB, cut. Tags of blocks become spaces."""
    if "<" in markup:
        markup = without_non_text(without_comments(markup))
        markup = _TAG.sub(" ", _INLINE.sub("", markup))
    return unescaped(markup)
