"""Keeps recent previews with the validators of their pages, for conditional requests.

The cache saves traffic, and a missing entry costs one page. It lives in one process, and no other
component relies on it (docs/adr/0012).
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from splitflap_core.contracts import PreviewFields

from splitflap_scraper.fetch.bounded_cache import BoundedCache
from splitflap_scraper.fetch.http.validators import Validators

#: Approximate bytes of all entries. A preview has one or two KiB.
MAX_WEIGHT = 8 * 1024 * 1024

#: Seconds after which a page is read again in any case: validators of some servers never change.
MAX_AGE = 7 * 86_400.0

#: Bytes of an entry beside its texts.
_OVERHEAD = 1500


class CachedPreview(NamedTuple):
    """A preview that is fresh for `keep` seconds, and the validators of its page."""

    fields: PreviewFields
    keep: float
    validators: Validators | None = None


class PreviewCache:
    """The previews of pages with validators. Safe to use from many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.entries: BoundedCache[str, CachedPreview] = BoundedCache(MAX_WEIGHT, weight_of, clock)

    def get(self, url: str) -> CachedPreview | None:
        """Return the last preview of a URL, or None if its page must be read again."""
        return self.entries.get(url)

    def put(self, url: str, preview: CachedPreview) -> None:
        """Store the preview of a page read now. It replaces the last one of the URL."""
        if preview.validators is None:
            self.entries.forget(url)
        else:
            self.entries.put(url, preview, MAX_AGE)


def weight_of(preview: CachedPreview) -> int:
    """Return the approximate bytes of an entry."""
    values = msgspec.structs.astuple(preview.fields)
    texts = [each for each in values if isinstance(each, str)]
    return _OVERHEAD + 2 * sum(map(len, texts))
