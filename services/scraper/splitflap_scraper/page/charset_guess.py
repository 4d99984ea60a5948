"""Chooses among declared encodings by a sample of the bytes, and guesses where all of them fail."""

import codecs
import re

#: Bytes of the sample.
SAMPLE = 8192

#: Encodings that servers declare for all their pages: the old default of HTTP.
_DEFAULTS = frozenset({"cp1252"})

#: Prefixes of codecs with one byte a character, and the bytes common to all of them.
_ONE_BYTE = ("cp12", "iso8859", "koi8", "mac")
_ASCII = bytes(range(128))

#: Guessed encodings, with the bytes of common characters in their languages, and the language that
#: favours the guess. The bytes are those of kana, Hangul, the 3,755 everyday characters of GB 2312,
#: Big5's first plane, and Cyrillic letters.
_GUESSES = {
    "euc_jp": (re.compile(rb"(?:\xa4[\xa1-\xf3]|\xa5[\xa1-\xf6]|\xa1[\xa2\xa3])"), "ja"),
    "cp932": (re.compile(rb"(?:\x82[\x9f-\xf1]|\x83[\x40-\x96]|\x81[\x41\x42\x5b])"), "ja"),
    "cp949": (re.compile(rb"[\xb0-\xc8][\xa1-\xfe]"), "ko"),
    "gb18030": (re.compile(rb"(?:[\xb0-\xd7][\xa1-\xfe]|\xa3\xac|\xa1\xa3)"), "zh"),
    "big5hkscs": (re.compile(rb"(?:[\xa4-\xc6][\x40-\x7e\xa1-\xfe]|\xa1[\x41-\x43])"), "zh"),
    "cp1251": (re.compile(rb"[\xe0-\xff]{2,}"), "ru"),
    "koi8-r": (re.compile(rb"[\xc0-\xdf]{2,}"), "ru"),
}

#: Least share of common characters in the sample's other bytes. Kana are surer than Han characters.
_LEAST_SHARE = 0.5
_LEAST_SHARE_OF_KANA = 0.25

#: Least share of bytes beyond ASCII in the whole sample for a guess other than Japanese.
_LEAST_FOREIGN_SHARE = 0.15

#: Factor of a guess that fits the page's language.
_LANGUAGE_FACTOR = 1.5

#: Least number of bytes beyond ASCII for a guess.
_LEAST_BYTES = 8

#: Japanese is guessed first: its Han characters occur in Chinese and Korean too.
_KANA = frozenset({"euc_jp", "cp932"})


def chosen(declared: list[str], sample: bytes, language: str) -> str:
    """Return the first declared codec that fits the sample, else a guess.

    Servers declare ISO 8859-1 for pages in other encodings, and pages declare UTF-8 wrongly.
    """
    if sample.isascii():
        return declared[0] if declared else "utf-8"
    is_utf8 = _fits("utf-8", sample)
    for codec in declared:
        if (codec == "utf-8" and is_utf8) or (codec != "utf-8" and _fits(codec, sample)):
            return "utf-8" if is_utf8 and _is_doubtful(codec, sample) else codec
    if is_utf8:
        return "utf-8"
    if declared and declared != ["utf-8"]:
        return declared[0]
    return _guess(sample, language, declared)


def _is_doubtful(codec: str, sample: bytes) -> bool:
    """Whether a sample in valid UTF-8 is UTF-8, although another codec is declared and fits.

    Text with one byte a character forms valid UTF-8 only by a rare chance.
    """
    is_long = len(sample.translate(None, _ASCII)) >= _LEAST_BYTES
    return codec in _DEFAULTS or (is_long and codec.startswith(_ONE_BYTE))


def _fits(codec: str, sample: bytes) -> bool:
    """Whether a codec decodes a sample. A full sample may end within a character."""
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(sample, len(sample) < SAMPLE)
    except UnicodeDecodeError:
        return False
    return True


def _guess(sample: bytes, language: str, declared: list[str]) -> str:
    foreign = len(sample.translate(None, _ASCII)) or 1
    fallback = declared[0] if declared else "cp1252"
    if foreign < _LEAST_BYTES:
        return fallback
    shares = _shares(sample, language, foreign)
    kana = {codec: share for codec, share in shares.items() if codec in _KANA}
    if kana and max(kana.values()) >= _LEAST_SHARE_OF_KANA:
        return max(kana, key=kana.__getitem__)
    best = max(shares, key=shares.__getitem__, default="cp1252")
    is_clear = shares.get(best, 0.0) >= _LEAST_SHARE
    return best if is_clear and foreign >= len(sample) * _LEAST_FOREIGN_SHARE else fallback


def _shares(sample: bytes, language: str, foreign: int) -> dict[str, float]:
    """Return the share of common characters by codec, for the codecs that fit."""
    shares: dict[str, float] = {}
    for codec, (common, favoured) in _GUESSES.items():
        if _fits(codec, sample):
            share = sum(map(len, common.findall(sample))) / foreign
            shares[codec] = share * (_LANGUAGE_FACTOR if language.startswith(favoured) else 1.0)
    return shares
