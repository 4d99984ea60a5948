"""The words of walls: signs in the source of a page, titles, and phrases."""

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from splitflap_scraper.preview.texts import clean
from splitflap_scraper.preview.words import load

#: Characters that are read of a title.
MAX_TITLE = 200


class Sign(msgspec.Struct, frozen=True):
    """A string in the source of a wall.

    If it `is_sure`, it is enough in a page without metadata of its own.
    """

    text: str
    kind: str
    is_sure: bool


class _Words(msgspec.Struct, frozen=True):
    signs: list[Sign]
    words: list[str]
    about: list[str]
    titles: dict[str, list[str]]
    bare_titles: dict[str, list[str]]
    phrases: dict[str, list[str]]
    urls: dict[str, list[str]]


def any_of(expressions: Iterable[str], before: str = "", after: str = "") -> re.Pattern[str]:
    """Compile a pattern that matches one of several expressions, in any case."""
    return re.compile(f"(?i){before}(?:{'|'.join(expressions)}){after}")


_WORDS = load("walls", _Words)

#: Signs by their texts.
SIGNS = {sign.text: sign for sign in _WORDS.signs}

#: The signs by a common word, for a fast search: most pages have none of the words.
_SIGNS_BY_WORD = {word: [text for text in SIGNS if word in text] for word in _WORDS.words}

#: Titles of walls by their kind, and titles that other pages have too.
TITLES, BARE_TITLES = (
    {kind: any_of(each, after=r"[\s.!?\u2026\u3002]*\Z") for kind, each in titles.items()}
    for titles in (_WORDS.titles, _WORDS.bare_titles)
)
#: Phrases in the text of walls.
PHRASES = {kind: any_of(phrases) for kind, phrases in _WORDS.phrases.items()}

_ABOUT = any_of(_WORDS.about, r"\b")

#: Words in the URLs of walls, by their kind and place.
URLS = _WORDS.urls

#: Separators between a title and the site's name.
_SEPARATORS = re.compile(r"\s+[-|\u2013\u2014\u00b7\u2022]\s+")


def signs_in(text: str) -> set[str]:
    """Return the signs in a piece of a page's source."""
    return {
        sign
        for word, signs in _SIGNS_BY_WORD.items()
        if word in text
        for sign in signs
        if sign in text
    }


def is_title(text: str, kind: str) -> bool:
    """Whether a title is that of a kind of wall, beside the site's name."""
    return matches(TITLES, kind, clean(text, MAX_TITLE) or "")


def matches(titles: dict[str, re.Pattern[str]], kind: str, title: str) -> bool:
    """Whether a title, or its part beside the site's name, is one of a kind."""
    return any(map(titles[kind].match, _variants(title, kind == "log-in")))


@lru_cache(maxsize=64)
def _variants(title: str, is_log_in: bool) -> tuple[str, ...]:
    """Return a title as it is, and its parts at both ends."""
    pieces = [each.strip() for each in _SEPARATORS.split(title)]
    found = [title, pieces[0], pieces[-1]]
    if is_log_in:
        found += [each.strip() for each in title.split(":")[:: max(1, title.count(":"))]]
        found.append(pieces[0].split(", ")[-1])
    return tuple(dict.fromkeys(found))


def words_about(text: str) -> int:
    """Count the different words of walls in a text."""
    return len({each.lower() for each in _ABOUT.findall(text)})
