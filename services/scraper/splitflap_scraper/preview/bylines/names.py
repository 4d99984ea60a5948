"""Reads the names of authors in a text: labels, roles and addresses are no part of them."""

import re
from collections.abc import Iterator
from enum import IntEnum

from splitflap_core.contracts import MAX_AUTHORS

from splitflap_scraper.page.markup import any_name
from splitflap_scraper.preview.texts import key, plain
from splitflap_scraper.preview.words import load

#: Characters read of a text.
MAX_TEXT = 2000

#: Longest name, in characters and in words. A longer text is a sentence.
MAX_NAME = 80
MAX_WORDS = 5

_WORDS = load("authors", dict[str, list[str]])
_ACCOUNTS = frozenset(_WORDS["accounts"])
_OTHERS = _ACCOUNTS | {key(each) for each in _WORDS["others"]}
_ROLES = frozenset(_WORDS["roles"])
_ORGANIZATIONS = frozenset(_WORDS["organizations"])


def _label(words: list[str]) -> str:
    """Match one of some words. Chinese, Japanese and Korean need no space after them."""
    closed = [each for each in words if each[-1] in ":/\uff1a" or each[0] >= "\u3000"]
    spaced = any_name(set(words).difference(closed))
    return rf"{any_name(closed)}|{spaced}(?=[\s:\uff1a])"


#: Words before a name.
LABELS = (*_WORDS["by"], *_WORDS["by_or_name"])

_BY = re.compile(rf"\s*(?:{_label(_WORDS['by'])})[\s:\uff1a]*")
_BY_OR_NAME = "|".join(_WORDS["by_or_name"])
_BEFORE_NAME = re.compile(
    rf"\s*(?i:{_BY_OR_NAME})(?:\s*:\s*|\s+(?=[^\W\d_a-z\u00df-\u00ff]\S*\s+\S))"
)
#: The same before any text, in an element marked as a byline.
_IN_BYLINE = re.compile(rf"(?i)\s*(?:{_BY_OR_NAME})[\s:]+")

#: A mail address. The look-behind keeps the search linear.
_ADDRESS = re.compile(r"[<(]?(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}[>)]?")
_URL = re.compile(r"[<(\[]?\s?https?://[^\s<>()]{1,300}\s?[>)\]]?", re.IGNORECASE)
_JOINTS = re.compile(
    r"\s+(?:and|und|et|y|e|i|og|och|en|ja|ve|и|та|&)\s+|\s*[;、،]\s*|\s+/\s+", re.IGNORECASE
)
_AFTER_NAME = re.compile(
    r" ?[|\u00b7\u2022] ?| [\u2013\u2014-] |,? (?:on (?=[A-Z\d])|in (?=[A-Z]))"
    r"|,? (?:am|le|il|el|op|em|den) (?=\d)"
    r"|,? (?:for|of|at) (?=(?:the )?[A-Z])"
    # The label of another role.
    r"|,? [^\W\d_]{3,15}(?: [^\W\d_]{1,12})?: "
)
_MARKS = re.compile(r"(?<=[^\W\d_])[\d,*\u2020\u2021\u00a7]{1,6}\Z|\s*(?:기자|記者|记者)\Z")
_PARTICLES = frozenset(_WORDS["particles"])


def names_in(text: str) -> Iterator[str]:
    """Yield the names in a text of a page's metadata."""
    for each in map(_without_role, _split(_cleaned(text))):
        if key(each) and key(each) not in _ACCOUNTS and not each.startswith(("www.", "/")):
            yield each


class Mark(IntEnum):
    """The mark of a line: none, that of an author, or that of a byline with words around names."""

    NONE = 0
    AUTHOR = 1
    BYLINE = 2


def seen_names(text: str, mark: Mark) -> list[str]:
    """Return the names in a line that a reader sees, or none if it is another text."""
    label = _BY.match(text) or _BEFORE_NAME.match(text)
    if mark == Mark.BYLINE:
        label = label or _IN_BYLINE.match(text)
    if not label and not mark:
        return []
    line = _AFTER_NAME.split(_cleaned(text[label.end() :] if label else text), maxsplit=1)[0]
    found = [_without_role(each.strip(" ,;:.-")) for each in _split(line)]
    names = [name for each in found for name in _parted(each)]
    if not label and any(key(each) in _OTHERS for each in names):
        return []
    # Words for "by" begin sentences, too, so a line without a mark needs full names.
    is_certain = mark != Mark.NONE or all(_is_full(each) for each in names)
    return names if names and is_certain and all(_is_name(each) for each in names) else []


def _cleaned(text: str) -> str:
    """Return a text without labels and addresses."""
    bare = _without_label(text[:MAX_TEXT])
    bare = _ADDRESS.sub("", bare) if "@" in bare else bare
    bare = _URL.sub("", bare) if "://" in bare else bare
    found = plain(bare, MAX_AUTHORS) or ""
    if found and found[0] == "(" and found[-1] == ")":
        found = found[1:-1]
    is_long = len(found) > MAX_NAME and "," not in found and not _JOINTS.search(found)
    return "" if is_long or "://" in found else found


def _without_label(text: str) -> str:
    label = _BY.match(text) or _BEFORE_NAME.match(text)
    return text[label.end() :] if label else text


def _split(text: str) -> list[str]:
    """Split a text between full names. An organization's name may contain "and"."""
    if not text:
        return []
    parts = _JOINTS.split(text)
    words = {each.lower().strip(",.") for each in text.split()}
    is_whole = not _ORGANIZATIONS.isdisjoint(words) or not all(_is_full(each) for each in parts)
    return [text] if len(parts) == 1 or is_whole else [each.strip(" ,") for each in parts]


def _is_full(name: str) -> bool:
    """Whether a text is a given and a family name, or several. Han and kana need no space."""
    words = name.split()
    is_dense = bool(words) and words[0][0] >= "\u3000"
    return is_dense or (len(words) >= 2 and all(_is_capital(each) for each in words))  # noqa: PLR2004 - names


def _is_capital(word: str) -> bool:
    first = word.lstrip("(\"'\u2019\u201c")[:1]
    return not first.islower() or word.lower() in _PARTICLES or "'" in word[:3]


def _parted(text: str) -> list[str]:
    """Split a line of names between its commas."""
    return [each for part in text.split(",") if (each := _MARKS.sub("", part.strip()).strip())]


def _without_role(text: str) -> str:
    """Remove the role after a name, as in "Ann Lee, Staff Writer"."""
    name, comma, rest = text.partition(",")
    words = rest.lower().split()
    has_role = bool(words) and not _ROLES.isdisjoint((words[0], words[-1], *words[1:2]))
    return name if comma and has_role else text


def _is_name(text: str) -> bool:
    words = text.split()
    if not words or len(words) > MAX_WORDS or len(text) > MAX_NAME or key(text) in _OTHERS:
        return False
    if any(each.isdigit() for each in words) or "@" in text[1:]:
        return False
    return len(words) == 1 or all(_is_capital(each) for each in words)
