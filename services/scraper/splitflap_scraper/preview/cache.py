"""Previews made here lately, with what their pages are asked by whether they have changed.

A worker keeps nothing that anybody relies on: an entry saves a site and us a page, where the same
scraper is asked for the same URL again, and its absence costs a page. docs/adr/0012 says what is
guaranteed.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from splitflap_scraper.fetch.http.validators import Validators
from splitflap_scraper.preview.metadata import Metadata

#: Bytes that all entries together take, about; a preview has one or two KiB.
MAX_WEIGHT = 8 * 1024 * 1024

#: Seconds after which a page is read anew, whatever its server says: some servers' validators
#: never change.
MAX_AGE = 7 * 86_400.0

#: Bytes of an entry beside its texts.
_OVERHEAD = 1500


class Made(NamedTuple):
    """A preview, the seconds for which it is fresh, and how its page is asked for changes."""

    found: Metadata
    keep: float
    validators: Validators | None = None


class MadeLately:
    """The previews that can be renewed. Safe to use from many threads at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Made]] = OrderedDict()
        self._weight = 0

    def get(self, url: str) -> Made | None:
        """The last preview of a URL, unless its page must be read anew."""
        read_at, made = self._known.get(url, (0.0, None))
        return made if made is not None and self._clock() < read_at + MAX_AGE else None

    def put(self, url: str, made: Made) -> None:
        """Know a preview whose page was read now, instead of what was known of the URL."""
        self._forget(url)
        if made.validators is None:
            return
        self._known[url] = (self._clock(), made)
        self._weight += _weight(made)
        while self._weight > MAX_WEIGHT:
            self._forget(next(iter(self._known)))

    def _forget(self, url: str) -> None:
        gone = self._known.pop(url, None)
        if gone is not None:
            self._weight -= _weight(gone[1])


def _weight(made: Made) -> int:
    texts = [each for each in vars(made.found).values() if isinstance(each, str)]
    return _OVERHEAD + 2 * sum(map(len, texts))
