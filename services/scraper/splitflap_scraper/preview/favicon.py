"""Finds the icon of a site at its usual URL, /favicon.ico."""

import time
from collections.abc import Callable

from splitflap_scraper.fetch.bounded_cache import BoundedCache
from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.fetcher import LIMITS_OF_VISIT, Visit
from splitflap_scraper.fetch.http.reader import OK, Head
from splitflap_scraper.fetch.single_flight import SingleFlight
from splitflap_scraper.fetch.targets.urls import target_of
from splitflap_scraper.preview.files.images import format_of

#: Seconds for which the answer of a site is known, and a failure that may pass.
KEEP = 86_400.0
KEEP_TRANSIENT = 600.0

#: Seconds of a request. A preview does not wait longer for an icon.
MAX_SECONDS = 2.0

#: Sites in the cache, some 300 bytes each.
MAX_SITES = 4096

#: Bytes that are read of an icon. Most icons are smaller, so their connection is kept.
MAX_ICON = 16 * 1024


class IconReader:
    """Reads the beginning of an icon."""

    max_bytes = MAX_ICON

    def __init__(self, head: Head) -> None:
        self._is_svg = head.content_type == "image/svg+xml"
        self._data = b""

    def feed(self, data: bytes, *, final: bool) -> bool:
        del final
        self._data += data
        return False

    @property
    def found(self) -> bool:
        return self.is_image

    @property
    def is_image(self) -> bool:
        """Whether the bytes are an image. Many sites answer with a page, which may have an SVG."""
        found = format_of(self._data)
        return found is not None and (found != "svg" or self._is_svg)


class Favicons:
    """The icons of recent sites. Safe to use from many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._flights: SingleFlight[str | None] = SingleFlight(LIMITS_OF_VISIT)
        #: The URLs of the icons by origin, empty for a site without one.
        self._known: BoundedCache[str, str] = BoundedCache(MAX_SITES, clock=clock)

    def __len__(self) -> int:
        return len(self._known)

    def icon(self, visit: Visit, page_url: str) -> str | None:
        """Return the icon of the site of a page, or None if it has none.

        The request has the checks, limits and deadline of its visit.
        """
        origin, icon_url = target_of(page_url).origin, icon_url_of(page_url)
        if (known := self._known.get(origin)) is not None:
            return known or None
        try:
            return self._flights.run(
                origin, lambda: self._asked(visit, origin, icon_url), MAX_SECONDS
            )
        except FetchError:
            # The next preview asks again, or knows the answer of the visit that asks now.
            return None

    def _asked(self, visit: Visit, origin: str, icon_url: str) -> str | None:
        icon, keep = None, KEEP
        of_visit = visit.short_of(icon_url, MAX_SECONDS)
        try:
            answer = visit.get_for_all(icon_url, _reader, MAX_SECONDS)
            icon = answer.head.url if answer.reader.is_image else None
        except FetchError as failure:
            # All visits share the answer, so one that is short of redirects or time gives none.
            if failure.reason in of_visit:
                raise
            if isinstance(failure, Transient):
                keep = KEEP_TRANSIENT
        self._known.put(origin, icon or "", keep)
        return icon


def icon_url_of(page_url: str) -> str:
    """Return the usual URL of the icon for a page."""
    return f"{target_of(page_url).origin}/favicon.ico"


def _reader(head: Head) -> IconReader | None:
    return IconReader(head) if head.status == OK else None
