"""Requests to one API: the key, retries, and problems as exceptions."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import msgspec
import requests
from requests.auth import AuthBase

from splitflap_client.errors import (
    NO_TYPE,
    BadAddress,
    NoSplitflap,
    Problem,
    SplitflapError,
    Unreachable,
)
from splitflap_client.models import ProblemBody
from splitflap_client.problems import BY_SLUG, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")

#: Seconds to connect, and to read a part of a response: above the longest `Prefer: wait` (30 s)
#: and the heartbeat of event streams (15 s).
TIMEOUT = (5.0, 40.0)

#: Shortest read timeout, in seconds, even near the end of the wait.
MIN_TIMEOUT = 1.0

#: Delay of a retry without Retry-After, in seconds, give or take a half: clients that lost one API
#: do not return all at once.
RETRY_AFTER = 1.0

#: Statuses after which the same request may be sent again: the API has done nothing.
TEMPORARY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

#: Work that yields to the work of others (RFC 9218).
LOW = {"Priority": "u=5"}

JSON = {"Content-Type": "application/json"}

#: Items per page of a list.
PAGE = 100

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Retries:
    """How long a request is sent again."""

    #: Seconds after the first attempt in which another may start.
    seconds: float = 60.0
    #: Most attempts of one request.
    attempts: float = inf
    #: Longest Retry-After to wait for, in seconds. A longer one is an error at once.
    longest: float = inf


class Transport:
    """Sends requests to one API with one key. Several threads may use it."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        account: str | None = None,
        retries: Retries | None = None,
        on_retry: Callable[[SplitflapError, float], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`on_retry` is called before each retry, with the error and the delay in seconds.

        Raises:
            BadAddress: the URL is malformed.
            ValueError: the key is malformed.
        """
        if not (key.isascii() and key.isprintable()):
            raise ValueError("the key is malformed: it must be printable ASCII on one line")
        self.is_local = _host(url) in LOOPBACK
        self.url = url.rstrip("/")
        self.sleep = sleep
        self._retries = retries or Retries()
        self._on_retry = on_retry
        self.account = account
        self.session = requests.Session()
        self.session.auth = Bearer(key)
        # Requests to this machine bypass the proxies of the environment.
        self.session.trust_env = not self.is_local

    def acting_for(self, account: str | None) -> Transport:
        """The same for another account, on the same connections."""
        other = copy(self)
        other.account = account
        return other

    def at(self, *path: str) -> str:
        """The URL of /v1/ and the path segments, quoted.

        Raises:
            ValueError: a segment would be removed from the URL, so it would name something else.
        """
        for segment in path:
            if segment in {"", ".", ".."}:
                raise ValueError(f"{segment!r} is no id")
        return "/".join([self.url, "v1", *(quote(segment, safe=":") for segment in path)])

    def location(self, response: requests.Response) -> str:
        """The URL in the response's Location. It must be of this API, since the key is sent there.

        Raises:
            NoSplitflap: it points elsewhere, or is missing.
        """
        target = urljoin(response.url, response.headers.get("Location", ""))
        if urlsplit(target)[:2] != urlsplit(self.url)[:2] or "Location" not in response.headers:
            raise NoSplitflap(f"the Location of the response is no address of this API: {target!r}")
        return target

    def get(self, type_: type[T], *path: str, **params: Any) -> T:
        """The JSON of a GET of /v1/ and the path segments, as a model."""
        return read(self.send("GET", self.at(*path), resend=True, params=params), type_)

    def pages(self, type_: Any, *path: str, **params: Any) -> Iterator[Any]:
        """All items of a list. A page, a model with `next`, is read when its first is needed."""
        after = None
        while True:
            page = self.get(type_, *path, **params, limit=PAGE, after=after)
            yield from page.items
            after = page.next
            if after is None:
                return

    def write(self, type_: type[T], method: str, body: Any, *path: str) -> T:
        """Send a body to /v1/ and the path segments; the JSON of the response, as a model.

        A POST that was lost is not sent again: it may have arrived.
        """
        sent: dict[str, Any] = {}
        if body is not None:
            sent = {"data": msgspec.json.encode(body), "headers": JSON}
        return read(self.send(method, self.at(*path), resend=method == "PUT", **sent), type_)

    def delete(self, *path: str) -> None:
        """Delete what is at /v1/ and the path segments.

        Raises:
            NotFound: there is nothing.
        """
        url = self.at(*path)
        try:
            self.send("DELETE", url)
        except Unreachable:
            # The request may have arrived, and then there is nothing to delete.
            with suppress(NotFound):
                self.send("DELETE", url, resend=True)

    def send(
        self,
        method: str,
        url: str,
        *,
        resend: bool = False,
        until: float = inf,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> requests.Response:
        """Send a request, with retries; the response has a status below 300, or 304.

        A request refused with 429 or 503 is sent again after its Retry-After.

        Args:
            method: an HTTP method.
            url: from `at` or `location`.
            resend: also retry after a lost connection; only for requests that may arrive twice.
            until: time of the monotonic clock after which no attempt starts.
            headers: of the request.
            options: of requests.Session.request.

        Raises:
            Problem, Unreachable: the result of the last attempt.
        """
        acting = {"Splitflap-Account": self.account} if self.account else {}
        options["headers"] = {**acting, **(headers or {})}
        last = min(until, time.monotonic() + self._retries.seconds)
        attempt = 1
        while True:
            try:
                return self._once(method, url, until, options)
            except (Problem, Unreachable) as error:
                delay = self._delay(error, resend=resend)
                if delay is None or attempt >= self._retries.attempts:
                    raise
                if time.monotonic() + delay > last:
                    raise
                if self._on_retry:
                    self._on_retry(error, delay)
            self.sleep(delay)
            attempt += 1

    def _once(
        self, method: str, url: str, until: float, options: dict[str, Any]
    ) -> requests.Response:
        connect, read_timeout = TIMEOUT
        left = max(MIN_TIMEOUT, min(read_timeout, until - time.monotonic()))
        if options.get("stream"):
            left = read_timeout
        try:
            response = self.session.request(
                method, url, timeout=(connect, left), allow_redirects=False, **options
            )
        except requests.Timeout as error:
            raise Unreachable(f"no answer in time from {url}") from error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise Unreachable(f"no answer from {url}; is the API running there?") from error
        except (requests.RequestException, UnicodeError) as error:
            raise SplitflapError(f"cannot send a request to {url}: {error}") from error
        if response.ok and not response.is_redirect:
            return response
        raise problem_of(response)

    def _delay(self, error: Problem | Unreachable, *, resend: bool) -> float | None:
        """Delay of the next attempt in seconds; None for no further attempt."""
        if isinstance(error, Unreachable):
            return _without_retry_after() if resend else None
        delay = retry_after(error.response)
        return delay if error.status in TEMPORARY and delay <= self._retries.longest else None


class Bearer(AuthBase):
    """Sends the key. Without an auth object, requests would prefer ~/.netrc."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def _host(url: str) -> str:
    """The host in an HTTP URL.

    Raises:
        BadAddress: this is no HTTP URL.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadAddress(f"{url!r} is not an address such as https://host:port")
    return parts.hostname


def retry_after(response: requests.Response) -> float:
    """The Retry-After of a response in seconds; about RETRY_AFTER if there is none."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return _without_retry_after()


def _without_retry_after() -> float:
    return round(RETRY_AFTER * random.uniform(0.5, 1.5), 2)  # noqa: S311 - jitter


def read(response: requests.Response, type_: type[T]) -> T:
    """The JSON of a response, as a model.

    Raises:
        NoSplitflap: the body is none.
    """
    try:
        return msgspec.json.decode(response.content, type=type_)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise NoSplitflap(
            f"{response.url} answers no {type_}; is a Splitflap running there?"
        ) from error


def problem_of(response: requests.Response) -> Problem:
    """The problem in a response; of the status alone if the body is none (a proxy's page)."""
    try:
        body = msgspec.json.decode(response.content, type=ProblemBody)
    except (msgspec.MsgspecError, UnicodeError, requests.RequestException):
        place = response.headers.get("Location")
        body = ProblemBody(
            type=NO_TYPE,
            title=response.reason or "No reason",
            status=response.status_code,
            detail=f"{response.url} answers without a problem{f', to {place}' if place else ''}",
        )
    kind = BY_SLUG.get(body.type.rpartition("/")[2], Problem)
    return kind(
        response,
        type_=body.type,
        title=body.title,
        detail=body.detail,
        errors=body.errors or [],
        reason=body.reason,
    )
