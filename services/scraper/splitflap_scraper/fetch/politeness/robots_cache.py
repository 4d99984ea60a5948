"""Whether a site lets us ask for a page: its robots.txt, fetched once in a while and kept."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from splitflap_scraper.fetch.deadline import Deadline
from splitflap_scraper.fetch.errors import MINUTE, FetchError, Transient
from splitflap_scraper.fetch.politeness.robots import EVERYTHING, Rules
from splitflap_scraper.fetch.single_flight import Flights
from splitflap_scraper.fetch.targets.urls import Target

#: Longest time (seconds) for which a file is kept (RFC 9309, section 2.4).
MAX_KEPT = 86_400.0

#: Seconds for which a site stays closed to us whose robots.txt could not be had.
KEEP_CLOSED = 10 * MINUTE

#: Bytes of rules that are kept in all, of the sites asked last.
MAX_WEIGHT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Said:
    """What a site has said, and for how long (seconds); no rules where it could not say it."""

    rules: Rules | None
    keep: float


#: Asks a site: gets the target of its robots.txt.
Ask = Callable[[Target, Deadline], Said]


class Permission:
    """Knows the rules of the sites asked last."""

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        # Whoever was first may have had little of his time left.
        self._flights: Flights[Said] = Flights(own=frozenset({"timeout"}))
        self._known: OrderedDict[str, tuple[float, Said]] = OrderedDict()
        self._weight = 0

    def check(self, target: Target, deadline: Deadline) -> None:
        """Before a page is asked for.

        Raises:
            FetchError: `robots`; or why the site cannot be asked anything.
        """
        rules = self._said(target, deadline).rules
        if rules is None:
            raise Transient("robots", "its robots.txt could not be had", keep=KEEP_CLOSED)
        if not rules.allow(target.path):
            raise FetchError("robots", "its robots.txt asks us not to")

    def _said(self, target: Target, deadline: Deadline) -> Said:
        origin = target.origin
        known = self._known.get(origin)
        if known is not None and known[0] > self._clock():
            self._known.move_to_end(origin)
            return known[1]
        site = Target(target.scheme, target.host, target.port, "/robots.txt")
        return self._flights.run(origin, lambda: self._asked(site, deadline), deadline.left())

    def _asked(self, site: Target, deadline: Deadline) -> Said:
        said = self._ask(site, deadline)
        self._forget(site.origin)
        self._known[site.origin] = (self._clock() + min(said.keep, MAX_KEPT), said)
        self._weight += _weight(said)
        while self._weight > MAX_WEIGHT:
            self._forget(next(iter(self._known)))
        return said

    def _forget(self, origin: str) -> None:
        gone = self._known.pop(origin, None)
        if gone is not None:
            self._weight -= _weight(gone[1])


def _weight(said: Said) -> int:
    return (said.rules or EVERYTHING).weight
