"""The safe fetch: from a URL to a page, over a bounded number of redirects.

Fetcher -> Visit (one preview) -> robots.txt -> Requester (one request) -> Reader
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from splitflap_core.telemetry import Metrics
from splitflap_core.tracing.tracer import Tracer

from splitflap_scraper.fetch.allowance import Allowance
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

#: The part of a preview's time for the network. The rest is for parsing the bytes.
NETWORK_PART = 0.95

#: The reasons of failures for which the visit may be the cause in place of the site.
LIMITS_OF_VISIT = frozenset({"timeout", "too_many_redirects", "too_many_requests", "busy"})


class Fetcher:
    """Fetches pages. Safe to use from many threads."""

    def __init__(
        self,
        config: FetchConfig,
        time_limit: TimeLimit,
        metrics: Metrics,
        resolve: Resolve = socket.getaddrinfo,
        tracer: Tracer | None = None,
    ) -> None:
        self._config = config
        self._time_limit = time_limit
        self._requester = Requester(config, time_limit, metrics, resolve, tracer)
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
                deadline = Deadline(seconds * NETWORK_PART)
                yield Visit(
                    self._requester, self._robots, CookieJar(), deadline, self._config.max_redirects
                )
        except self._time_limit.exceeded as error:
            raise timed_out(seconds) from error


class Visit:
    """The requests of one preview. They share a deadline, cookies, and numbers."""

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
        self._allowance = Allowance()
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
        return _result(self.get_if_changed(url, reader_for, None, seconds))

    def get_for_all(self, url: str, reader_for: ReaderFor[R], seconds: float) -> FetchResult[R]:
        """Return the final response of a URL to a request without the cookies of this visit.

        So other visits may share it.

        Raises:
            FetchError: as `get`.
        """
        return _result(self._followed(url, reader_for, None, seconds, None))

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
        return self._followed(url, reader_for, validators, seconds, self._cookies)

    def _followed(
        self,
        url: str,
        reader_for: ReaderFor[R],
        validators: Validators | None,
        seconds: float,
        cookies: CookieJar | None,
    ) -> FetchResult[R] | NotModified:
        target, deadline = target_of(url), self._deadline.within(seconds)
        while True:
            request = _key(target, cookies)
            if request in self._seen:
                raise FetchError("too_many_redirects", "a loop")
            self._seen.add(request)
            self.urls.append(target.url)
            if self._robots is not None:
                self._robots.check(target, deadline, self._allowance)
            self._allowance.spend()
            answer = self._requester.send(target, deadline, reader_for, validators, cookies)
            if not isinstance(answer, Target):
                return answer
            self._count_redirect()
            target = answer

    def is_new(self, url: str) -> bool:
        """Whether a request to a URL would differ from all others of this visit.

        A site may set a cookie and lead to the same URL.
        """
        try:
            return _key(target_of(url), self._cookies) not in self._seen
        except FetchError:
            return False

    def short_of(self, url: str, seconds: float) -> frozenset[str]:
        """The reasons for which `get_for_all` may fail here, but not in a visit of its own.

        Raises:
            Transient: `timeout`, the visit has no time left.
        """
        is_new = _key(target_of(url), None) not in self._seen
        enough = {
            "timeout": self._deadline.left() >= seconds,
            "too_many_redirects": self._redirects_left == self._max_redirects and is_new,
        }
        return frozenset(each for each in LIMITS_OF_VISIT if not enough.get(each))

    def _count_redirect(self) -> None:
        if self._redirects_left <= 0:
            raise FetchError("too_many_redirects", "more than allowed")
        self._redirects_left -= 1


def _key(target: Target, cookies: CookieJar | None) -> tuple[str, str]:
    """Return what makes a request differ from others: its URL and its cookies."""
    return target.url, cookies.header(target) if cookies is not None else ""


def _result(answer: FetchResult[R] | NotModified) -> FetchResult[R]:
    assert isinstance(answer, FetchResult), "the request has no condition"  # noqa: S101 - for mypy
    return answer
