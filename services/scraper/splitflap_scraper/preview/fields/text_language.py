"""The language of a text by its script or letters, or by the short words of a Latin text."""

import re
from bisect import bisect

from splitflap_scraper.preview.words import load

#: Letters examined, and the least of a sure result. A Han character counts as two.
MAX_LETTERS = 400
MIN_LETTERS = 20

#: The least share of the script among all letters, in percent.
MIN_SHARE = 70

#: Percent of kana among the letters of a Japanese text, at least.
MIN_KANA = 5

#: Starts and ends of the blocks of letters (Unicode, Blocks), with the script or language of each.
_BLOCKS = sorted([
    (0x0370, 0x03FF, "el"), (0x0400, 0x052F, "Cyrl"), (0x0531, 0x058F, "hy"),
    (0x0590, 0x05FF, "he"), (0x0600, 0x06FF, "Arab"), (0x0980, 0x09FF, "bn"),
    (0x0A00, 0x0A7F, "pa"), (0x0A80, 0x0AFF, "gu"), (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"), (0x0C80, 0x0CFF, "kn"), (0x0D00, 0x0D7F, "ml"),
    (0x0D80, 0x0DFF, "si"), (0x0E00, 0x0E7F, "th"), (0x0E80, 0x0EFF, "lo"),
    (0x1000, 0x109F, "my"), (0x10A0, 0x10FF, "ka"), (0x1100, 0x11FF, "ko"),
    (0x1780, 0x17FF, "km"), (0x3040, 0x30FF, "Kana"), (0x3400, 0x9FFF, "Hani"),
    (0xAC00, 0xD7AF, "ko"),
])  # fmt: skip
_STARTS = [start for start, _, _ in _BLOCKS]

#: The blocks and some around them, as one set.
_IN_BLOCKS = re.compile("[\u0370-\u17ff\u3040-\ud7af]")

#: Letters of one language, or of several ("" for none) in a script, in the order of the search.
_CYRILLIC = (
    ("ђћџљњјѓќ", ""),
    ("әғқңөұүһӣӯҷ", ""),
    ("ў", "be"),
    ("їєґ", "uk"),
    ("ыэё", "ru"),
    ("ъ", "bg"),
)
_ARABIC = (("ڕۆێەښځېۇڭ", ""), ("ٹڈڑےں", "ur"), ("پچژگی", "fa"), ("ةىيك", "ar"))

#: Characters and different words of the sample that are read.
MAX_SAMPLE = 900
#: Different words of a language in a sample, at least, and their lead over the next language.
LEAST = 5
LEAD = 2
#: Different English words that an other text may have.
MOST_ENGLISH = 1

_ACCENT = re.compile("[\u00df-\u017f]")
_WORD = re.compile(r"[^\W\d_]+")
_WORDS = {name: frozenset(words) for name, words in load("languages", dict[str, list[str]]).items()}
_ENGLISH = _WORDS.pop("en")


def language_of(text: str) -> str | None:
    """Return the language of a text by its script, or None for one of many languages."""
    # Most Latin texts have some punctuation beyond ASCII, and no other script.
    if text.isascii() or len(_IN_BLOCKS.findall(text, 0, MAX_LETTERS * 2)) * 2 < MIN_LETTERS:
        return None
    letters = [each for each in text[: MAX_LETTERS * 2] if each.isalpha()][:MAX_LETTERS]
    counts: dict[str, int] = {}
    for each in letters:
        name = _script(ord(each))
        counts[name] = counts.get(name, 0) + 1
    if kana := counts.pop("Kana", 0):
        counts["Hani"] = counts.get("Hani", 0) + kana
    script = max(counts, key=lambda name: counts[name], default="")
    found = counts.get(script, 0)
    weight = 2 if script == "Hani" else 1
    if not script or found * weight < MIN_LETTERS or found * 100 < len(letters) * MIN_SHARE:
        return None
    if script == "Hani":
        return "zh" if not kana else "ja" if kana * 100 >= found * MIN_KANA else None
    if script in {"Cyrl", "Arab"}:
        return _by_letters(set(letters), _CYRILLIC if script == "Cyrl" else _ARABIC)
    return script


def _script(code: int) -> str:
    index = bisect(_STARTS, code) - 1
    return _BLOCKS[index][2] if index >= 0 and code <= _BLOCKS[index][1] else ""


def _by_letters(letters: set[str], rows: tuple[tuple[str, str], ...]) -> str | None:
    lowered = {each.lower() for each in letters}
    return next((name or None for row, name in rows if not lowered.isdisjoint(row)), None)


def language_of_words(text: str) -> str | None:
    """Return the language of a text that is certainly not English, or None.

    A text of one accent or none is taken for English: few others have so few.
    """
    if len(_ACCENT.findall(text, 0, MAX_SAMPLE)) <= 1:
        return None
    words = frozenset(map(str.lower, _WORD.findall(text, 0, MAX_SAMPLE)))
    counts = sorted((len(words & known), name) for name, known in _WORDS.items())
    (second, _), (first, name) = counts[-2:]
    # A word may be in two languages.
    is_english = len((words & _ENGLISH) - _WORDS[name]) > MOST_ENGLISH
    return None if is_english or first < max(LEAST, second + LEAD) else name
