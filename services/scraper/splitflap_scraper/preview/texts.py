"""Cleans texts for display: on one line, with visible characters only, of bounded length."""

import re
import unicodedata
from functools import lru_cache

from splitflap_scraper.page.markup import character, without_comments

#: Invisible characters: direction marks (Unicode, UAX 9), fillers, tags (U+E0000 to U+E007F), and
#: variation selectors beyond the first sixteen. The joiners U+200C and U+200D stay, since Persian,
#: Indic scripts and emoji need them.
_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e01ef"
)
_INVISIBLE = re.compile(f"[{_HIDDEN}]")
#: Piles of marks on one letter, beyond those of any language, and rows of selectors or joiners.
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
_SELECTORS = "\ufe00-\ufe0f\u200c\u200d"
_PILED = re.compile(f"([{_MARKS}]{{3}})[{_MARKS}]+|([{_SELECTORS}])[{_SELECTORS}]{{2,}}")
#: Characters of both patterns. Most texts have none, and one set is a fast search.
_SUSPECT = re.compile(f"[{_HIDDEN}{_MARKS}{_SELECTORS}]")
#: Categories of control characters, private and unassigned ones, and halves of surrogate pairs.
_DROPPED = frozenset({"Cc", "Co", "Cn", "Cs"})

#: References in a decoded text. It was encoded twice.
_TWICE = re.compile(
    r"&((?:amp|quot|apos|nbsp|[lr][sd]quo|[mn]dash|hellip|middot|bull|laquo|raquo|copy|reg|trade"
    r"|[A-Za-z](?:acute|grave|circ|uml|tilde|cedil|ring|slash)|szlig|\#\d{2,6}|\#[xX][0-9a-fA-F]{2,5});"
    r"|lt;(?=/?[a-z][^<>&]{0,60}&gt;)|(?<=[a-z0-9\"'/]&)gt;)",
    re.IGNORECASE,
)
#: Markup in a plain text. A lone "<b>" stays: it may be the topic of a title.
_MARKUP = re.compile(
    r"<(?:/?(?:a|article|b|blockquote|br|center|code|div|em|figcaption|figure|font|h[1-6]|hr|i|iframe"
    r"|img|li|mark|ol|p|section|small|span|strong|sub|sup|table|tbody|td|th|tr|u|ul|wbr)"
    r"(?:\s[^<>]*+)?/?>)",
    re.IGNORECASE,
)
_PAIRED = re.compile(r"<(?:/[a-z]|br|!--)", re.IGNORECASE)

#: Longest text of a paragraph, in characters (code points).
MAX_PARAGRAPH = 300

#: Characters read for each character of the limit.
_SLACK = 8

#: ASCII without letters and digits, and the same of all characters.
_NO_KEY = bytes(code for code in range(128) if not chr(code).isalnum())
_NO_LETTERS = re.compile(r"[\W_]+")

#: Characters that NFKC replaces by five to eighteen: two ligatures of Arabic, and squared words of
#: Japanese. They are left out.
_EXPANDING = re.compile(
    "[\ufdfa\ufdfb\u3307\u3315-\u3317\u3319\u331a\u3320\u332b\u332e\u3332\u3334\u3336\u3347"
    "\u334a\u3356\u33ae\u33af]"
)

#: Characters of a text that are normalized. A pile of marks takes quadratic time.
MAX_NORMALIZED = 1000


def clean(text: str, limit: int) -> str | None:
    """Return a text on one line, `limit` characters at most, or None for an empty one.

    It removes invisible characters. A cut text ends with an ellipsis, after a whole word if a word
    ends near the limit.
    """
    text = text[: limit * _SLACK + 200]
    is_suspect = not text.isascii() and _SUSPECT.search(text) is not None
    text = _INVISIBLE.sub("", text) if is_suspect else text
    # Some white space is a control character too, so `split` comes first.
    words = " ".join(text.split())
    if not words.isprintable():
        words = "".join(each for each in words if unicodedata.category(each) not in _DROPPED)
    seen = _PILED.sub(r"\1\2", words) if is_suspect else words
    seen = seen.strip(" \u200c\u200d\ufe0e\ufe0f\ufffd")
    return (_cut(seen, limit) if len(seen) > limit else seen) or None


def plain(text: str, limit: int) -> str | None:
    """Clean a text of a page. It may be encoded twice, or contain markup."""
    text = text[: limit * _SLACK + 200]
    if "&" in text:
        text = _TWICE.sub(character, text)
    if "<" in text and _PAIRED.search(text):
        text = _MARKUP.sub(" ", without_comments(text))
    return clean(text, limit)


@lru_cache(maxsize=256)
def key(text: str) -> str:
    """Return the letters and digits of a text in one case, to compare names."""
    if text.isascii():
        return text.lower().encode().translate(None, _NO_KEY).decode()
    return _NO_LETTERS.sub("", normalized(text).casefold())


def normalized(text: str) -> str:
    """Return the compatible form (NFKC) of a text, at most four times as long."""
    return unicodedata.normalize("NFKC", _EXPANDING.sub("", text[:MAX_NORMALIZED]))


def _cut(text: str, limit: int) -> str:
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    # Cut before a half word, unless the text has hardly any spaces, as in Chinese.
    if text[limit - 1] != " " and space >= limit * 0.8:
        cut = cut[:space]
    return cut.rstrip(" ,;:\u200c\u200d") + "\u2026"
