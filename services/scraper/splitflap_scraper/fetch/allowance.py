"""The number of requests that one visit may cause."""

from splitflap_scraper.fetch.errors import FetchError

#: Requests of a visit: pages, redirects, refreshes, robots.txt and its redirects, oEmbed, icon and
#: probes. A page over three redirects with all of them needs some 15.
MAX_REQUESTS = 30


class Allowance:
    """The requests that a visit may still send."""

    def __init__(self) -> None:
        self._left = MAX_REQUESTS

    def spend(self) -> None:
        """Count one request.

        Raises:
            FetchError: `too_many_requests`, none is left.
        """
        if self._left <= 0:
            raise FetchError("too_many_requests", f"more than {MAX_REQUESTS} for one link")
        self._left -= 1
