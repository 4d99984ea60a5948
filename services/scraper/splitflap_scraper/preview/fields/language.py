"""The language of a page, as a BCP 47 tag (RFC 5646)."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.fields.text_language import language_of, language_of_words
from splitflap_scraper.preview.sources import Sources

_TAG = re.compile(
    r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?![a-z0-9])", re.IGNORECASE
)

#: Common wrong subtags, with the right ones. Most are countries instead of languages.
_MEANT = {"jp": "ja", "cn": "zh", "kr": "ko", "gr": "el", "cz": "cs", "dk": "da", "ua": "uk",
          "iw": "he", "in": "id", "ji": "yi"}  # fmt: skip

#: Languages in URLs whose codes mean nothing else there. "it" and "cs" may be topics.
_SURE = frozenset({"de", "en", "es", "fi", "fr", "hu", "ja", "ko", "nl", "pl", "pt", "ru", "sv",
                   "tr", "vi", "zh"})  # fmt: skip
_LOCALE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2})?", re.ASCII)

#: Translations in the head of a page that are read, and characters of each text.
MAX_ALTERNATES = 50
MAX_SAMPLE = 300

#: Subtags for no or any language.
_NONE = frozenset({"und", "zxx", "mul", "mis"})


@lru_cache(maxsize=64)
def tag(text: str) -> str | None:
    """Return language, script and region of a tag or locale (`en_GB`), or None."""
    match = _TAG.match(text.strip())
    if not match or match[1].lower() in _NONE:
        return None
    primary = match[1].lower()
    parts = [_MEANT.get(primary, primary)]
    parts += [match[2].title()] if match[2] else []
    parts += [match[3].upper()] if match[3] else []
    return "-".join(parts)


def language(sources: Sources) -> str | None:
    """Return the language of a page by its metadata or its URL. Its script overrides English."""
    page = sources.page
    metas = ("content-language", "language", "dc.language", "citation_language", "inlanguage")
    others = [
        *page.meta("og:locale"),
        *page.meta(*metas),
        *sources.json_ld("inLanguage"),
        *sources.microdata.texts("inLanguage"),
        *_alternates(page),
    ]
    found = spoken(page.language, others)
    if found is None:
        return _in_url(page.url)
    if _primary(found) != "en" or not (sample := _sample(page)):
        return found
    return language_of(sample) or language_of_words(sample) or found


def _alternates(page: Document) -> list[str]:
    """Return the language of the page in its list of translations."""
    links = [each for each in page.linked("alternate") if each.get("hreflang")][:MAX_ALTERNATES]
    return [each.get("hreflang") for each in links if each.get("href") == page.url]


def _sample(page: Document) -> str:
    """Return the first texts of the page, or nothing if all are in ASCII."""
    texts = [*page.meta("og:title", "og:description", "description")[:3], *page.titles[:1]]
    elements = (*page.headings[:2], *page.texts[:2])
    if all(_is_ascii(each.markup) for each in elements) and all(map(str.isascii, texts)):
        return ""
    texts += [each.text for each in elements]
    return " ".join(each[:MAX_SAMPLE] for each in texts)


def _is_ascii(markup: str) -> bool:
    return markup.isascii() and "&" not in markup


def _in_url(url: str) -> str | None:
    """Return the language in the first segment of a path, or in the first label of a host."""
    parts = urlsplit(url)
    segment = parts.path[1:].partition("/")[0]
    for name in (segment, (parts.hostname or "").partition(".")[0]):
        if _LOCALE.fullmatch(name) and name.lower()[:2] in _SURE:
            return tag(name)
    return None


def spoken(html: str | None, others: list[str]) -> str | None:
    """Return the language by the root element (`html`) and the metadata (`others`).

    English is the default of templates and libraries, so any other language overrides it.
    """
    tags = [found for text in [html or "", *others] if (found := tag(text))]
    if not tags:
        return None
    if _primary(tags[0]) == "en":
        return next((each for each in tags if _primary(each) != "en"), tags[0])
    return tags[0]


def _primary(tag_: str) -> str:
    return tag_.partition("-")[0]
