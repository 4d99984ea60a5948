"""Strips titles of the site's name, and recognizes placeholders."""

import re
from collections.abc import Iterable

from splitflap_scraper.preview.texts import key
from splitflap_scraper.preview.words import load

#: Separators between a page's title and the site's name.
_SEPARATORS = (
    "|\u00a6\u2016\u2022\u00b7\u2013\u2014\u2212-:\u00bb\u00ab\u203a\u2039"
    "\u2190\u2192/~_\uff5c\u30fb\uff0d\u2502\u2223"
)
_PARTS = re.compile(
    rf"\s+[{re.escape(_SEPARATORS)}]{{1,3}}\s+|\s*[|\uff5c\u2502]\s*"
    rf"|(?<=[\u3040-\u9fff\uac00-\ud7af])\s*[_-]\s*"
)
#: Separators before sections of a site. A middle dot separates facts of the page itself.
_SECTION = re.compile(r"\s+[-\u2013\u2014|\u00bb\u203a/]\s")
_MAKER = re.compile(rf"\s*[{re.escape(_SEPARATORS)}]\s*powered by\s[^-|]{{2,40}}\Z", re.IGNORECASE)
_BEGIN = re.compile(rf"^[\s{re.escape(_SEPARATORS)}<>]+")
_END = re.compile(rf"[\s{re.escape(_SEPARATORS)}<>]+$")

#: Parts of a title that are examined.
MAX_PARTS = 20

#: Characters examined of a text that may be a placeholder.
MAX_PLACEHOLDER = 300

_TITLE_WORDS = load("titles", dict[str, list[str]])

#: Placeholder titles of templates, frameworks and loading screens.
_PLACEHOLDERS = frozenset(_TITLE_WORDS["placeholders"])
_TEMPLATE = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|\$\{\w+\}|^%\w*%?$|\[object Object\]|^\{\w+\}$"
)

#: Titles of front pages, such as "Home".
HOME = frozenset(_TITLE_WORDS["home"])


def is_placeholder(text: str) -> bool:
    """Whether a text is a placeholder."""
    # The template's pattern takes quadratic time.
    text = text[:MAX_PLACEHOLDER]
    letters = key(text)
    return not letters or letters in _PLACEHOLDERS or _TEMPLATE.search(text) is not None


def parts(title: str) -> list[str]:
    """Split a title at its separators."""
    return [each.strip() for each in _PARTS.split(title) if each.strip()]


def begins_a_section(text: str) -> bool:
    """Whether a text begins with the separator of a section."""
    return _SECTION.match(text) is not None


def trimmed(text: str) -> str:
    """Strip separators from both ends of a text."""
    return _END.sub("", _BEGIN.sub("", text))


def without_maker(title: str) -> str:
    """Strip the name of the site's software from a title. Forums add it."""
    return _MAKER.sub("", title) or title


def without_site(title: str, names: Iterable[str]) -> str:
    """Strip a site's name from the end or start of a title, if the rest is a title."""
    for name in names:
        if len(key(name)) < 2 or key(title) == key(name):  # noqa: PLR2004 - a letter is no name
            continue
        for stripped in (_without_end(title, name), _without_begin(title, name)):
            if stripped and len(key(stripped)) > 1:
                return stripped
    return title


def without_sections(title: str, site: str) -> str:
    """Cut a title before its site's name, if sections of the site follow the name."""
    for separator in list(_PARTS.finditer(title))[:MAX_PARTS]:
        rest = title[separator.end() :]
        after = rest[len(site) :]
        if rest.casefold().startswith(site.casefold()) and _PARTS.match(after):
            return title[: separator.start()].strip() or title
    return title


def _without_end(title: str, name: str) -> str | None:
    for end in (f" [{name}]", f", by {name}"):
        if title.casefold().endswith(end.casefold()):
            return title[: -len(end)].rstrip()
    if not title.casefold().endswith(name.casefold()):
        return None
    rest = title[: -len(name)]
    return _END.sub("", rest) if _separates(rest.rstrip()[-1:]) else None


def _without_begin(title: str, name: str) -> str | None:
    # East Asian shops write the site's name in brackets.
    for before, after in ("\u3010\u3011", "\uff3b\uff3d", "[]"):
        begin = f"{before}{name}{after}"
        if title.casefold().startswith(begin.casefold()):
            return title[len(begin) :].strip()
    if not title.casefold().startswith(name.casefold()):
        return None
    rest = title[len(name) :]
    return _BEGIN.sub("", rest) if _separates(rest.lstrip()[:1]) else None


def _separates(character: str) -> bool:
    return bool(character) and character in _SEPARATORS + "<>"
