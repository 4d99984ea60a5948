"""Whether a page says that it is for adults only."""

import re
from collections.abc import Iterator
from typing import Any

from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import single, text_in

#: The age of adults in years.
ADULT = 18

#: The label of the Association of Sites Advocating Child Protection (rtalabel.org).
_LABEL = "rta-5042-1996-1400-1577-rta"
_ADULTS = frozenset({"adult", "mature", "restricted", "explicit", "nsfw", _LABEL})
_GENERAL = frozenset({"general", "safe for kids", "safe for children", "everyone"})

_NO = frozenset({"false", "no", "0"})
_YES = frozenset({"true", "yes", "1"})
_YEARS = re.compile(r"(?:\A|age=)\s*(\d{1,2})(?:\+|\b)")


def sensitive(sources: Sources) -> bool | None:
    """Return whether a page is for adults. None if it says nothing. The strictest word counts."""
    labels = [each for each in _labels(sources) if each is not None]
    return any(labels) if labels else None


def labelled(headers: Headers) -> bool:
    """Whether a response has the label of adult sites."""
    return any(_rated(each) for each in headers.get_all("Rating"))


def _labels(sources: Sources) -> Iterator[bool | None]:
    page = sources.page
    yield from map(_rated, page.meta("rating", "rta", "content-rating"))
    yield from map(_aged, page.meta("og:restrictions:age", "age-meta-label", "age-de-meta-label"))
    yield from map(_unfriendly, sources.graph.values(sources.node, "isFamilyFriendly"))
    yield from map(_unfriendly, sources.microdata.texts("isFamilyFriendly"))


def _rated(text: str) -> bool | None:
    word = " ".join(text[:100].lower().split())
    return True if word in _ADULTS else False if word in _GENERAL else None


def _aged(text: str) -> bool | None:
    years = _YEARS.search(text[:100].lower())
    return True if years and int(years[1]) >= ADULT else None


def _unfriendly(value: Any) -> bool | None:
    value = single(value)
    if isinstance(value, bool):
        return not value
    word = (text_in(value) or "").rpartition("/")[2].strip().lower()
    return True if word in _NO else False if word in _YES else None
