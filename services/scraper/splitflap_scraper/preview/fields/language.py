"""Languages as BCP 47 tags (RFC 5646)."""

import re

_TAG = re.compile(
    r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?![a-z0-9])", re.IGNORECASE
)

#: Primary subtags that are written wrongly so often that it is known what is meant.
_MEANT = {"jp": "ja", "cn": "zh", "kr": "ko", "gr": "el", "cz": "cs", "dk": "da", "ua": "uk",
          "iw": "he", "in": "id", "ji": "yi"}  # fmt: skip

#: What stands for no language at all.
_NONE = frozenset({"und", "zxx", "mul", "mis"})


def tag(text: str) -> str | None:
    """Language, script and region of a tag or locale (`en_GB`), in the usual case; else None."""
    match = _TAG.match(text.strip())
    if not match or match[1].lower() in _NONE:
        return None
    language = match[1].lower()
    parts = [_MEANT.get(language, language)]
    parts += [match[2].title()] if match[2] else []
    parts += [match[3].upper()] if match[3] else []
    return "-".join(parts)


def spoken(html: str | None, others: list[str]) -> str | None:
    """The language of a page whose root says `html`, and whose metadata say `others`.

    Templates and libraries say English where nobody has told them otherwise. So another language
    that is named besides is believed.
    """
    tags = [found for text in [html or "", *others] if (found := tag(text))]
    if not tags:
        return None
    if _primary(tags[0]) == "en":
        return next((each for each in tags if _primary(each) != "en"), tags[0])
    return tags[0]


def _primary(language: str) -> str:
    return language.partition("-")[0]
