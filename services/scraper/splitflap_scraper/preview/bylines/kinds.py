"""Tells what a text is: the name of a person or an organization, a word, a role, or no name."""

from enum import IntEnum
from functools import lru_cache

from splitflap_scraper.preview.bylines.undated import is_of_calendar
from splitflap_scraper.preview.texts import key
from splitflap_scraper.preview.words.authors import AUTHORS

#: Longest name, in characters and in words. A longer text is a sentence.
MAX_NAME = 80
MAX_WORDS = 7
#: Words of a name without a label, beside its particles. A longer text is a title.
MAX_NAMES = 4
#: The same of a script without capitals, and of one without spaces.
MAX_CASELESS = 5
MAX_DENSE = 20
#: Longest name of a person in Hangul, in syllables.
MAX_HANGUL = 4

_PAIR = 2

#: Accounts that name no person, roles, and words of other texts.
ACCOUNTS = frozenset(AUTHORS["accounts"])
_OTHERS = ACCOUNTS | {key(each) for each in AUTHORS["others"]}
ROLES = frozenset(AUTHORS["roles"])
ROLE_STARTS = frozenset(AUTHORS["role_starts"])
TITLES = frozenset(AUTHORS["titles"])
_ORGANIZATIONS = frozenset(AUTHORS["organizations"])
_AGENCIES = frozenset(AUTHORS["agencies"])
_NEWSROOMS = tuple(AUTHORS["newsrooms"])
STOPS = frozenset(AUTHORS["stops"])
_LONE = STOPS | frozenset(AUTHORS["lone"])
_KOREAN_NAMES = frozenset(AUTHORS["korean_names"])
_PARTICLES = frozenset(AUTHORS["particles"])


class Kind(IntEnum):
    """What a text is: no name, a role, one word, an organization, or a person."""

    NONE = 0
    ROLE = 1
    LONE = 2
    ORGANIZATION = 3
    PERSON = 4


@lru_cache(maxsize=256)
def kind(text: str, *, is_labelled: bool = False) -> Kind:
    """Return what a text is. A text after a label may have any words within."""
    words = text.split()
    lower = [each.lower().strip("().,'\"") for each in words]
    if words and (lower[-1] in ROLES or lower[0] in ROLES or lower[0] in ROLE_STARTS):
        return Kind.ROLE
    if not _may_be_name(text, words) or any(each.startswith(_NEWSROOMS) for each in lower):
        return Kind.NONE
    if len(words) == 1:
        return _kind_of_word(text, lower[0])
    if _is_other(lower[:1] if is_labelled else lower, lower) or not all(map(_is_capital, words)):
        return Kind.NONE
    if is_organization(text) or any(each[0].isalpha() and each[-1].isdigit() for each in words):
        return Kind.ORGANIZATION
    is_phrase = lower[0] == "the" or (text[0] >= "\uac00" and sum(map(len, words)) > MAX_HANGUL)
    is_title = not is_labelled and sum(each not in _PARTICLES for each in lower) > MAX_NAMES
    return Kind.LONE if is_phrase or is_title else Kind.PERSON


def _is_other(starts: list[str], words: list[str]) -> bool:
    """Whether words are those of a label, a section or a day."""
    if not STOPS.isdisjoint(starts) or all(each in _LONE for each in words):
        return True
    # Some months are given names.
    days = [each for each in words if is_of_calendar(each)] if len(words) == _PAIR else []
    return len(days) == len(words) or any(each.endswith(("day", "tag")) for each in days)


def _may_be_name(text: str, words: list[str]) -> bool:
    most = MAX_WORDS if text.lower() != text.upper() else MAX_CASELESS
    if not words or len(words) > most or len(text) > MAX_NAME or key(text) in _OTHERS:
        return False
    if any(each.isdigit() for each in words) or "@" in text[1:] or not any(map(str.isalpha, text)):
        return False
    return not any(each in text for each in ':?!"\u201c\uff1a\u3002\uff01\uff1f{}=')


def _kind_of_word(text: str, lower: str) -> Kind:
    if lower in _LONE or is_of_calendar(lower):
        return Kind.NONE
    if text[0] >= "\u3000":
        return _kind_of_dense(text)
    return Kind.ORGANIZATION if lower in _ORGANIZATIONS else Kind.LONE


def _kind_of_dense(text: str) -> Kind:
    """Return what a text of Han, kana or Hangul is. Kana alone are mostly other words."""
    if len(text) > MAX_DENSE:
        return Kind.NONE
    if text[0] >= "\uac00":
        is_person = len(text) <= MAX_HANGUL and text[0] in _KOREAN_NAMES and len(text) > 1
    else:
        is_person = "\u30fb" in text or any("\u3400" <= each < "\uac00" for each in text)
    return Kind.PERSON if is_person else Kind.LONE


def is_organization(text: str) -> bool:
    """Whether a text has the words of an organization's name."""
    return not _ORGANIZATIONS.isdisjoint([each.strip(",.()") for each in text.lower().split()])


def is_full(name: str) -> bool:
    """Whether a text is a given and a family name, or several. Han and kana need no space."""
    words = name.split()
    is_dense = bool(words) and words[0][0] >= "\u3000"
    return is_dense or (len(words) >= _PAIR and all(map(_is_capital, words)))


def _is_capital(word: str) -> bool:
    first = word.lstrip("(\"'\u2019\u201c")[:1]
    if not first.islower() or word.lower() in _PARTICLES or "'" in word[:3]:
        return True
    return "-" in word and any(map(str.isupper, word))


def is_person(text: str) -> bool:
    """Whether a text of metadata is the name of a person, and no house or maker of sites."""
    words = text.lower().split()
    return kind(text, is_labelled=True) == Kind.PERSON and _AGENCIES.isdisjoint(words)


def is_in_lower_case(text: str) -> bool:
    """Whether a text is a name without capitals, as in "danah boyd"."""
    words = text.split()
    is_short = len(words) == _PAIR and all(each.isalpha() for each in words)
    return is_short and text.islower() and _LONE.isdisjoint(words) and ROLES.isdisjoint(words)


def is_account(text: str) -> bool:
    """Whether a text in an element of accounts is one, and no button."""
    words = text.lower().split()
    is_short = 0 < len(words) < MAX_CASELESS and len(text) <= MAX_NAME
    return is_short and key(text) not in _OTHERS and STOPS.isdisjoint(words)
