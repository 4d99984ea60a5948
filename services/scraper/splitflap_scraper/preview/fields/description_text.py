"""Cleans descriptions of markup, and recognizes those that say nothing about their page."""

import re

from splitflap_scraper.preview.fields.title_text import is_placeholder
from splitflap_scraper.preview.texts import key, plain
from splitflap_scraper.preview.words import load

#: Characters read of a description.
MAX_READ = 8000

#: Shortcodes of page builders of WordPress, also cut or closing ones.
_SHORTCODE = re.compile(
    r"\[/?(?:vc|et_pb|fusion|av|su|mk|ux|thb|nectar|bt_bb|kc|qode|tatsu|wpb|eltdf|woodmart|porto)_"
    r"[a-z0-9_-]{1,40}[^\[\]]{0,2000}(?:\]|\Z)"
    r"|\[(?:caption|gallery|embed|playlist|contact-form|contact-form-7|rev_slider"
    r"|section|row|col|column|ux_\w{1,30}|toc)(?:\s[^\[\]]{0,2000})?(?:\]|\Z)"
    r"|\[[a-z][a-z0-9_-]{1,40}\s+[a-z0-9_-]{1,40}\s?=\s?[\"'\u201c\u201d\u2033&][^\[\]]{0,2000}"
    r"(?:\]|\Z)"
    r"|\[/[a-z][a-z0-9_-]{1,40}\]",
    re.IGNORECASE | re.ASCII,
)
#: Markdown: images; links with their text; bold text; the signs of a heading. A target may have
#: parentheses, and a title after it.
_TARGET = r"(?:[^()\s]{1,1000}+|\([^()\s]{0,300}+\)){1,9}(?:\s\"[^\"]{0,200}\")?\)"
_IMAGE = re.compile(rf"!\[[^\[\]]{{0,300}}\]\({_TARGET}")
_LINK = re.compile(
    rf"\[([^\[\]]{{1,300}})\]\((?=[a-zA-Z][a-zA-Z0-9+.-]{{1,20}}:|/|#|\.{{1,2}}/){_TARGET}"
)
_BOLD = re.compile(r"\*\*(?=\S)([^*]{1,500}+)\*\*")
_HEADING = re.compile(r"\A\s{0,9}#{1,6}\s+")
#: A tag that is cut at the end.
_CUT_TAG = re.compile(r"<[a-z]{1,10}\s+[a-z-]{1,20}\s?=[^<>]{0,1000}\Z", re.IGNORECASE | re.ASCII)

_WORDS = load("descriptions", dict[str, list[str]])
#: Placeholders, as keys.
_PLACEHOLDERS = frozenset(_WORDS["placeholders"])
_NOTHING, _NOTHING_BEGINS, _BANNER, _BANNER_BEGINS = (
    re.compile("(?i)" + "|".join(_WORDS[name]))
    for name in ("nothing", "nothing_begins", "banners", "banner_begins")
)

#: Patterns that are in a notice together.
_NOTICES = [
    [re.compile(f"(?i){each}") for each in patterns]
    for name, patterns in _WORDS.items()
    if name.startswith("notice_")
]
#: Characters of a paragraph in which a notice shows itself.
MAX_NOTICE = 300

#: An ellipsis in brackets, or a link to the rest of a text after an ellipsis, or at its end.
_MORE = "|".join(_WORDS["more"])
_ENDS = re.compile(
    rf"(?i)\s?(?:[\[(]\s?(?:\u2026|\.\.\.)\s?[\])]|(?:\u2026|\.\.\.)(?=\s(?:{_MORE})))"
    rf"(?:\s?(?:{_MORE}).{{0,200}})?\s?\Z"
)
_LINK_AT_END = re.compile(
    rf"(?i)(?<=[.!?\u3002])\s(?:{_MORE})\s?[\u2192\u00bb\u203a>.\u2026]{{0,3}}\Z"
)

#: Separators of a breadcrumb or a line of navigation, and of facts.
_SEPARATOR = re.compile(
    r"(?:\A|\s)(?:::|[|\u00ab\u00bb\u2039\u203a\u2190\u2192\u00b7\u2022>/])(?=\s|\Z)"
)
#: The end of a sentence.
SENTENCE = re.compile(
    r"[.!?\u2026\u0964\u06d4\u061f](?:[\"')\u201d\u00bb\u2019]|\s|\Z)|[\u3002\uff01\uff1f\uff0e]"
)
#: Separators from which on a text that is no sentence is a line of navigation.
MANY_SEPARATORS = 2
#: Letters and digits for each digit in a line of numbers, at most.
MOST_LETTERS = 4


def described(text: str, limit: int) -> str | None:
    """Clean a description of markup, shortcodes and links to the rest of the text."""
    text = text[:MAX_READ]
    if "[" in text:
        text = _LINK.sub(r"\1", _IMAGE.sub(" ", _SHORTCODE.sub(" ", text)))
    if "*" in text:
        text = _BOLD.sub(r"\1", text)
    if "<" in text:
        text = _CUT_TAG.sub("", text)
    found = plain(_HEADING.sub("", text), limit) or ""
    if "\u2026" in found or "..." in found:
        found = _ENDS.sub("\u2026", found)
    return plain(_LINK_AT_END.sub("", found), limit)


def is_no_description(text: str) -> bool:
    """Whether a description comes from a template, or is about the browser or an account."""
    return (
        is_placeholder(text)
        or key(text) in _PLACEHOLDERS
        or _NOTHING_BEGINS.match(text[:300]) is not None
        or _NOTHING.search(text[:300]) is not None
    )


def is_beside(text: str) -> bool:
    """Whether a paragraph is a banner, a disclosure, a byline or a line of navigation."""
    begin = text[:MAX_NOTICE]
    if _BANNER_BEGINS.match(begin) or _BANNER.search(begin):
        return True
    if any(all(each.search(begin) for each in patterns) for patterns in _NOTICES):
        return True
    if SENTENCE.search(text):
        return False
    return len(_SEPARATOR.findall(begin)) >= MANY_SEPARATORS or _is_of_numbers(begin)


def _is_of_numbers(text: str) -> bool:
    """Whether a text is a line of dates, hours or numbers of telephones."""
    return sum(map(str.isdigit, text)) * MOST_LETTERS >= len(key(text)) > 0
