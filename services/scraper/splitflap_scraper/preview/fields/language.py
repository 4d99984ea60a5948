"""The language of a page, as a BCP 47 tag (RFC 5646)."""

import re

from splitflap_scraper.preview.sources import Sources

_TAG = re.compile(
    r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?![a-z0-9])", re.IGNORECASE
)

#: Common wrong subtags, with the right ones. Most are countries instead of languages.
_MEANT = {"jp": "ja", "cn": "zh", "kr": "ko", "gr": "el", "cz": "cs", "dk": "da", "ua": "uk",
          "iw": "he", "in": "id", "ji": "yi"}  # fmt: skip

#: Subtags for no or any language.
_NONE = frozenset({"und", "zxx", "mul", "mis"})


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
    """Return the language of a page by its root element and its metadata."""
    page = sources.page
    metas = ("content-language", "language", "dc.language", "citation_language", "inlanguage")
    others = [
        *page.meta("og:locale"),
        *page.meta(*metas),
        *sources.json_ld("inLanguage"),
        *sources.microdata.texts("inLanguage"),
    ]
    return spoken(page.language, others)


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
