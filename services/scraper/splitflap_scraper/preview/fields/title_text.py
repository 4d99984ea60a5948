"""Strips titles of the site's name, and recognizes placeholders."""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from splitflap_scraper.preview.texts import key
from splitflap_scraper.preview.words import load

#: Separators between a page's title and the site's name.
_SEPARATORS = (
    "|\u00a6\u2016\u2022\u00b7\u2013\u2014\u2212-:\u00bb\u00ab\u203a\u2039"
    "\u2190\u2192/~_\uff5c\u30fb\uff0d\u2502\u2223"
    "\uff1a\uff3f\u2010\u2011\u2012\u2015\u2219\u22c5\u2758\u2759\u2503\u25cf\u2605\u276f"
)
#: Letters of Chinese, Japanese and Korean. They need no space beside a separator.
_EAST_ASIAN = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_PARTS = re.compile(
    rf"\s+[{re.escape(_SEPARATORS)}]{{1,3}}\s+|\s*[|\uff5c\u2502]\s*"
    rf"|(?<=[{_EAST_ASIAN}])\s*(?:[_\uff0d-]{{1,2}}|\u2014{{1,2}})\s*|_(?=[{_EAST_ASIAN}])"
)
#: A separator. A title without one has one part.
_SEPARATOR = re.compile(f"[{re.escape(_SEPARATORS)}]")
#: Separators before sections of a site. A middle dot separates facts of the page itself.
_SECTION = re.compile(
    rf"\s+[-\u2013\u2014|\u00bb\u203a/]\s|\s?[|\uff5c]|(?:[_-]{{1,2}}|\u2014\u2014)(?=[{_EAST_ASIAN}])"
)
_AFTER_SECTION = re.compile(r"\s[-\u2013\u2014|\u00bb\u203a]\s\Z")
#: A section at the end or start of a title, beside a separator that is none of a path.
_LAST = re.compile(
    r"\s+[-\u2013\u2014|\u00bb\u203a]\s+[^|\u2013\u2014\u00bb\u203a]{2,40}\Z|[|_\uff5c][^|_\uff5c]{2,40}\Z"
)
_FIRST = re.compile(r"[^|\u2013\u2014\u00bb\u203a-]{2,40}?\s+[-\u2013\u2014|\u00bb\u203a]\s+")
#: A separator at the start of a title: the title before it is missing. One at the end.
_NO_TITLE = re.compile(r"[|\u2013\u2014\uff5c-]\s+(?=\w)")
_NO_SITE = re.compile(r"\s+[|\u2013\u2014\u00b7\u2022\u00bb\u00ab\uff5c-]\Z")
_GENERATOR = re.compile(
    rf"\s*[{re.escape(_SEPARATORS)}]\s*powered by\s[^-|]{{2,40}}\Z", re.IGNORECASE
)
_BEGIN = re.compile(rf"^[\s{re.escape(_SEPARATORS)}<>]+")
_END = re.compile(rf"[\s{re.escape(_SEPARATORS)}<>]+$")

#: Parts of a title that are examined, and sections that are stripped.
MAX_PARTS = 20
MAX_SECTIONS = 3

#: Least letters and digits of a page's whole title.
A_SENTENCE = 10

#: Characters examined of a text that may be a placeholder.
MAX_PLACEHOLDER = 300

_TITLE_WORDS = load("titles", dict[str, list[str]])

#: Placeholder titles of templates, frameworks and loading screens.
_PLACEHOLDERS = frozenset(_TITLE_WORDS["placeholders"])
_TEMPLATE = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|\$\{\w+\}|^%\w*%?$|\[object Object\]|^\{\w+\}$"
)

#: Placeholders that may be the topic of a page too.
_TOPICS = frozenset(_TITLE_WORDS["topics"])

#: Titles of front pages, such as "Home".
HOME = frozenset(_TITLE_WORDS["home"])


def is_placeholder(text: str) -> bool:
    """Whether a text is a placeholder."""
    # The template's pattern takes quadratic time.
    text = text[:MAX_PLACEHOLDER]
    letters = key(text)
    return not letters or letters in _PLACEHOLDERS or _TEMPLATE.search(text) is not None


def without_title(title: str) -> str | None:
    """Return the site's name from a title whose own part is missing or a placeholder, or None.

    Templates write such titles: " - Site", "undefined | Site".
    """
    if begin := _NO_TITLE.match(title):
        return title[begin.end() :]
    pieces = parts(title)
    is_bare = len(pieces) == 2 and is_placeholder(pieces[0]) and key(pieces[0]) not in _TOPICS  # noqa: PLR2004 - a title and a name
    return pieces[1] if is_bare else None


def without_separator(title: str) -> str:
    """Strip the separator before a missing site's name."""
    return _NO_SITE.sub("", title)


def without_named_sections(title: str, sections: Collection[str]) -> str:
    """Strip sections of the site from both ends of a title. `sections` are keys."""
    for _ in range(MAX_SECTIONS if sections else 0):
        last, first = _LAST.search(title), _FIRST.match(title)
        if last and key(last[0]) in sections:
            title = title[: last.start()]
        elif first and key(first[0]) in sections:
            title = title[first.end() :]
        else:
            break
    return title


def without_end(title: str, names: Collection[str]) -> str:
    """Strip the name of the author from the end of a title. `names` are keys."""
    last = _LAST.search(title) if names else None
    return title[: last.start()] if last and key(last[0]) in names else title


def is_telling(title: str) -> bool:
    """Whether a title is long enough to be found in a longer one, and be no accident."""
    letters = key(title)
    return len(letters) >= A_SENTENCE or (len(letters) * 2 >= A_SENTENCE and letters[0] >= "\u3040")


@lru_cache(maxsize=32)
def parts(title: str) -> tuple[str, ...]:
    """Split a title at its separators. Several fields ask for the parts of one title."""
    pieces = _PARTS.split(title) if _SEPARATOR.search(title) else (title,)
    return tuple(each.strip() for each in pieces if each.strip())


def begins_a_section(text: str) -> bool:
    """Whether a text begins with the separator of a section."""
    return _SECTION.match(text) is not None


def ends_a_section(text: str) -> bool:
    """Whether a text ends with the separator after a section."""
    return _AFTER_SECTION.search(text) is not None


def trimmed(text: str) -> str:
    """Strip separators from both ends of a text."""
    return _END.sub("", _BEGIN.sub("", text))


def without_generator(title: str) -> str:
    """Strip the name of the site's software from a title. Forums add it."""
    return _GENERATOR.sub("", title) or title


def without_site(title: str, names: Iterable[str]) -> str:
    """Strip a site's name from the end or start of a title, if the rest is a title."""
    for name in names:
        if name.casefold() not in title.casefold():
            continue
        if len(key(name)) < 2 or key(title) == key(name):  # noqa: PLR2004 - a letter is no name
            continue
        for stripped in (_without_end(title, name), _without_begin(title, name)):
            if stripped and key(stripped):
                return stripped
    return title


def without_sections(title: str, site: str) -> str:
    """Cut a title before its site's name, if sections of the site follow the name."""
    if site.casefold() not in title.casefold():
        return title
    for separator in list(_PARTS.finditer(title))[:MAX_PARTS]:
        rest = title[separator.end() :]
        after = rest[len(site) :]
        if rest.casefold().startswith(site.casefold()) and _PARTS.match(after):
            return title[: separator.start()].strip() or title
    return title


def _without_end(title: str, name: str) -> str | None:
    for end in (f" [{name}]", f" ({name})", f" @ {name}", f", by {name}"):
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
