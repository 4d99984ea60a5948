"""Names of months and weekdays in the languages of the web."""

import re
import unicodedata
from collections import defaultdict

from splitflap_scraper.preview.texts import normalized
from splitflap_scraper.preview.words import load

#: Languages whose abbreviations count in any page.
_COMMON = ("en", "de", "fr", "es", "it", "pt", "nl", "ru")
#: Abbreviations that are also words of English, or weekdays.
_WORDS = frozenset({"set", "out", "ago", "mar", "dom", "sab"})
_SHORTEST = 4
_ACCENTS = re.compile("[\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
#: Digits of other scripts.
_DIGITS = {
    zero + digit: str(digit) for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50) for digit in range(10)
}
#: Names of months in two words.
_PAIRS = re.compile("(كانون|تشرين)\\s+(الثاني|الأول|الاول)")


def fold(text: str) -> str:
    """Return a text in one case, with plain digits, and without accents."""
    if text.isascii():
        return text.lower()
    plain = normalized(text).translate(_DIGITS).casefold().replace("\u0131", "i")
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", plain))
    found = unicodedata.normalize("NFC", bare)
    return _PAIRS.sub(_joined, found) if "ن" in found else found


def _joined(match: re.Match[str]) -> str:
    second = match[2].replace("الاول", "الأول")
    return unicodedata.normalize("NFC", _ACCENTS.sub("", f"{match[1]}_{second}"))


class CalendarNames:
    """Numbers of names. Ambiguous or short names count only in a page of their language."""

    def __init__(self, name: str) -> None:
        """`name` is a word list with the names by language, in their order."""
        self._own: dict[tuple[str, str], int] = {}
        everywhere: dict[str, set[int]] = defaultdict(set)
        for language, lists in load(name, dict[str, list[str]]).items():
            for number, names in enumerate(lists, start=1):
                for each in map(fold, names.split()):
                    self._own[language, each] = number
                    if _is_clear(each, language):
                        everywhere[each].add(number)
        self._everywhere = {
            each: next(iter(numbers)) for each, numbers in everywhere.items() if len(numbers) == 1
        }
        self._all = {each for _, each in self._own}
        self._everywhere |= {each: number for (of, each), number in self._own.items() if of == "en"}

    def is_name(self, word: str) -> bool:
        """Whether a folded word is a name in any language."""
        return word in self._all

    def number(self, word: str, language: str) -> int | None:
        """Return the number of a folded word, from 1, or None."""
        word = word.rstrip(".")
        for each in (word, word[1:] if word[:1] == "ב" else ""):
            if found := self._own.get((language, each)) or self._everywhere.get(each):
                return found
        return None


def _is_clear(name: str, language: str) -> bool:
    if not name.isascii():
        return True
    if name in _WORDS:
        return False
    return len(name) >= _SHORTEST or language in _COMMON


MONTHS = CalendarNames("months")
WEEKDAYS = CalendarNames("weekdays")
