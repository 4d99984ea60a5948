"""Checks requests against the robots.txt of their sites, and keeps the files."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from splitflap_scraper.fetch.allowance import Allowance
from splitflap_scraper.fetch.bounded_cache import BoundedCache
from splitflap_scraper.fetch.deadline import Deadline
from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.politeness.robots import ALLOW_ALL, RobotsRules
from splitflap_scraper.fetch.single_flight import SingleFlight
from splitflap_scraper.fetch.targets.urls import Target

#: Longest time for a file in the cache, in seconds (RFC 9309, section 2.4).
MAX_KEPT = 86_400.0

#: Seconds for which a site stays closed after its robots.txt could not be read.
KEEP_CLOSED = 600.0

#: Bytes of all rules in the cache.
MAX_WEIGHT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """The rules of a site, with their lifetime in seconds. `rules` is None for a closed site."""

    rules: RobotsRules | None
    keep: float


#: Fetches the robots.txt at a target. It may raise FetchError.
FetchRobots = Callable[[Target, Deadline, Allowance], RobotsAnswer]


class RobotsCache:
    """The rules of recently requested sites. Safe to use from many threads."""

    def __init__(self, fetch: FetchRobots, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch_robots = fetch
        # The first caller may have had little time or few requests left.
        self._flights: SingleFlight[RobotsAnswer] = SingleFlight(
            unshared=frozenset({"timeout", "too_many_requests"})
        )
        self._known: BoundedCache[str, RobotsAnswer] = BoundedCache(MAX_WEIGHT, _weight, clock)

    def check(self, target: Target, deadline: Deadline, allowance: Allowance) -> None:
        """Check that a site allows a request. The allowance pays for the requests of the file.

        Raises:
            FetchError: `robots`, for a disallowed path or a closed site; as the fetch of the file.
        """
        rules = self._answer(target, deadline, allowance).rules
        if rules is None:
            raise Transient("robots", "its robots.txt could not be read", keep=KEEP_CLOSED)
        if not rules.allow(target.path):
            raise FetchError("robots", "its robots.txt disallows the path")

    def _answer(self, target: Target, deadline: Deadline, allowance: Allowance) -> RobotsAnswer:
        origin = target.origin
        if (known := self._known.get(origin)) is not None:
            return known
        robots_txt = Target(target.scheme, target.host, target.port, "/robots.txt")
        return self._flights.run(
            origin, lambda: self._fetched(robots_txt, deadline, allowance), deadline.left()
        )

    def _fetched(
        self, robots_txt: Target, deadline: Deadline, allowance: Allowance
    ) -> RobotsAnswer:
        answer = self._fetch_robots(robots_txt, deadline, allowance)
        self._known.put(robots_txt.origin, answer, min(answer.keep, MAX_KEPT))
        return answer


def _weight(answer: RobotsAnswer) -> int:
    return (answer.rules or ALLOW_ALL).weight
