"""The time of a page's publication."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.bylines.dateline import dateline, texts_with_dates
from splitflap_scraper.preview.bylines.visible import Visible
from splitflap_scraper.preview.dates.moments import formatted, moment_in
from splitflap_scraper.preview.dates.paths import day_in_path
from splitflap_scraper.preview.dates.style import DateStyle, Order, order_of
from splitflap_scraper.preview.fields.language import tag
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.words.metas import METAS

#: Names of metas with the time of publication, in the spellings of many sites, and their ends.
_PUBLISHED = re.compile(
    r"(?:(?:^|(?<!last)[^a-z]|original|first|article)(?:date[._-]?published|published"
    r"|pub(?:lish(?:ed)?|lication)?[._-]?(?:date|time|at|on))|release_?date)\Z"
)
_ENDS = ("published", "date", "time", "at", "on")
#: Metas with the time of a change, which is after the publication.
CHANGES = ("article:modified_time", "og:updated_time")

#: Properties of microdata.
MARKED = ("datePublished", "uploadDate", "dateCreated")

_MAX_PATH = 400


def published(sources: Sources, visible: Visible, language: str | None) -> str | None:
    """Return the first valid time as RFC 3339 in UTC, or None. `language` is the page's."""
    style = DateStyle((language or "").partition("-")[0], lambda: _order(sources, language or ""))
    moment = next((found for text in _stated(sources) if (found := moment_in(text, style))), None)
    if moment is None and not visible.belongs_to_others:
        moment = _unstated(sources, visible, style)
    return formatted(moment) if moment else None


def _unstated(sources: Sources, visible: Visible, style: DateStyle) -> datetime | None:
    """Return the time that a reader sees, or the day in the path of the page."""
    days = list(_in_paths(sources.page))
    if not days and not visible.may_have_date:
        return None
    style = replace(style, latest=_latest(sources, DateStyle(style.language)))
    moments = (moment_in(each, style) for each in days)
    return dateline(visible, style) or next(filter(None, moments), None)


def _stated(sources: Sources) -> Iterator[str]:
    """Iterate over the times in the page's metadata."""
    page = sources.page
    yield from page.meta(*METAS["published"])
    yield from sources.json_ld("datePublished", "uploadDate", "datePosted")
    for name in MARKED:
        yield from sources.microdata.texts(name)
    # Front pages have the current time in these.
    if not sources.is_listing:
        yield from (content for name, content in page.metas if _is_published(name))
        yield from page.meta(*METAS["dates"])
    yield from sources.json_ld("dateCreated")


def _is_published(name: str) -> bool:
    return name.endswith(_ENDS) and _PUBLISHED.search(name) is not None


def _order(sources: Sources, language: str) -> Order | None:
    page = sources.page
    tags = [language, *(tag(each) or "" for each in page.meta("og:locale")[:1])]
    host = urlsplit(page.url).hostname or ""
    return order_of(tags, host, texts_with_dates(sources))


def _latest(sources: Sources, neutral: DateStyle) -> datetime:
    """Return the latest possible time: a day after the last change, if the page says so."""
    changes = [*sources.page.meta(*CHANGES), *sources.json_ld("dateModified")][:3]
    known = [found for each in changes if (found := moment_in(each, neutral))]
    return min([neutral.latest, *(each + timedelta(days=1) for each in known)])


def _in_paths(page: Document) -> Iterator[str]:
    """Iterate over the days in the paths of the page's URLs."""
    canonical = [each.get("href") for each in page.linked("canonical")[:1]]
    for url in [page.url, *canonical, *page.meta("og:url")[:1]]:
        # Few URLs have the digits of a year.
        if "://" in url and ("199" in url or "20" in url):
            day = day_in_path(urlsplit(url[:_MAX_PATH]).path)
            if day is not None:
                yield day
