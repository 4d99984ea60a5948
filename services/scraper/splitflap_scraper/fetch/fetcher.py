"""The safe fetch: from a URL to a page, over a bounded number of redirects.

Fetcher -> Visit (one preview) -> robots.txt -> Requester (one request) -> Reader
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from splitflap_core.telemetry import Metrics

from splitflap_scraper.fetch.config import FetchConfig
from splitflap_scraper.fetch.cookies.jar import CookieJar
from splitflap_scraper.fetch.deadline import Deadline, TimeLimit, timed_out
from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.http.reader import R, ReaderFor
from splitflap_scraper.fetch.http.validators import Validators
from splitflap_scraper.fetch.politeness.robots_cache import RobotsCache
from splitflap_scraper.fetch.request import FetchResult, NotModified, Requester
from splitflap_scraper.fetch.robots_request import RobotsRequest
from splitflap_scraper.fetch.targets.resolver import Resolve
from splitflap_scraper.fetch.targets.urls import Target, target_of

#: The share of a preview's time for the network. The rest is for parsing the bytes.
NETWORK_SHARE = 0.95

#: The reasons of failures for which the visit may be the cause in place of the site.
LIMITS_OF_VISIT = frozenset({"timeout", "too_many_redirects", "busy"})


class Fetcher:
    """Fetches pages. Safe to use from many threads."""

    def __init__(
        self,
        config: FetchConfig,
        time_limit: TimeLimit,
        metrics: Metrics,
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        self._config = config
        self._time_limit = time_limit
        self._requester = Requester(config, time_limit, metrics, resolve)
        robots_request = RobotsRequest(self._requester, config.request_fields)
        self._robots = RobotsCache(robots_request) if config.robots else None

    @property
    def deadline(self) -> float:
        """The limit of a visit in seconds."""
        return self._config.deadline

    @contextmanager
    def visit(self) -> Iterator["Visit"]:
        """Open a visit: the requests of one preview, with one deadline for all.

        Raises:
            Transient: `timeout`, in the block.
        """
        seconds = self._config.deadline
        try:
            with self._time_limit.within(seconds):
                deadline = Deadline(seconds * NETWORK_SHARE)
                yield Visit(
                    self._requester, self._robots, CookieJar(), deadline, self._config.max_redirects
                )
        except self._time_limit.exceeded as error:
            raise timed_out(seconds) from error


class Visit:
    """The requests of one preview. They share a deadline, cookies, and a number of redirects."""

    def __init__(
        self,
        requester: Requester,
        robots: RobotsCache | None,
        cookies: CookieJar,
        deadline: Deadline,
        max_redirects: int,
    ) -> None:
        self._requester = requester
        self._robots = robots
        self._cookies = cookies
        self._deadline = deadline
        self._max_redirects = self._redirects_left = max_redirects
        #: The URLs so far, each with the cookies of its request.
        self._seen: set[tuple[str, str]] = set()
        #: The URLs of the requests in their order, with the one that robots.txt has barred.
        self.urls: list[str] = []

    def get(
        self,
        url: str,
        reader_for: ReaderFor[R],
        *,
        redirect: bool = False,
        seconds: float = float("inf"),
    ) -> FetchResult[R]:
        """Return the final response of a URL, read, within some seconds of the visit.

        `redirect` marks a redirect by a page.

        Raises:
            FetchError: the URL gives no page.
        """
        if redirect:
            self._count_redirect()
        answer = self.get_if_changed(url, reader_for, None, seconds)
        assert isinstance(answer, FetchResult), "the request has no condition"  # noqa: S101 - mypy
        return answer

    def get_if_changed(
        self,
        url: str,
        reader_for: ReaderFor[R],
        validators: Validators | None,
        seconds: float = float("inf"),
    ) -> FetchResult[R] | NotModified:
        """Return the final response of a URL, or NotModified if its validators still hold.

        Raises:
            FetchError: as `get`.
        """
        target, deadline = target_of(url), self._deadline.within(seconds)
        while True:
            request = (target.url, self._cookies.header(target))
            if request in self._seen:
                raise FetchError("too_many_redirects", "a loop")
            self._seen.add(request)
            self.urls.append(target.url)
            if self._robots is not None:
                self._robots.check(target, deadline)
            answer = self._requester.send(target, deadline, reader_for, validators, self._cookies)
            if not isinstance(answer, Target):
                return answer
            self._count_redirect()
            target = answer

    def is_new(self, url: str) -> bool:
        """Whether a request to a URL would differ from all others of this visit.

        A site may set a cookie and lead to the same URL.
        """
        try:
            return self._is_new(target_of(url))
        except FetchError:
            return False

    def short_of(self, url: str, seconds: float) -> frozenset[str]:
        """The reasons for which a request may fail here, but not in a visit of its own.

        Raises:
            Transient: `timeout`, the visit has no time left.
        """
        has_time = self._deadline.left() >= seconds
        has_redirects = self._redirects_left == self._max_redirects and self.is_new(url)
        enough = {"timeout": has_time, "too_many_redirects": has_redirects}
        return frozenset(each for each in LIMITS_OF_VISIT if not enough.get(each))

    def _is_new(self, target: Target) -> bool:
        return (target.url, self._cookies.header(target)) not in self._seen

    def _count_redirect(self) -> None:
        if self._redirects_left <= 0:
            raise FetchError("too_many_redirects", "more than allowed")
        self._redirects_left -= 1
