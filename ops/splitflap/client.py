"""HTTP client of the API: sends the key, and retries requests if that is safe."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from math import inf
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.auth import AuthBase

from splitflap.challenge import PROBE, is_splitflap
from splitflap.errors import CommandError
from splitflap.output import echo, printable

#: Timeouts in seconds: to connect, and to read a response, above the longest `Prefer: wait`.
TIMEOUT = (5.0, 40.0)

#: Shortest read timeout, in seconds, even near the end of the wait.
MIN_TIMEOUT = 1.0

#: Most attempts of one request.
MAX_ATTEMPTS = 6

#: Delay of a retry without Retry-After, in seconds.
RETRY_AFTER = 1.0

#: Longest Retry-After to wait for, in seconds; a longer one is an error.
MAX_RETRY_AFTER = 30.0

#: Statuses after which the same request may be sent again: the API has done nothing.
TEMPORARY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

#: The header of a post that yields to others (RFC 9218).
LOW = {"Priority": "u=5"}

LOOPBACK = {"127.0.0.1", "::1", "localhost"}

#: Items per page of a list.
PAGE = 100


class ApiRefused(CommandError):
    """The API answered with an error: the problem's title, detail, and invalid fields."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        super().__init__(_problem(response))

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in TEMPORARY

    @property
    def is_fault(self) -> bool:
        """Whether the API or a proxy failed, and not the request."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class Unreachable(CommandError):
    """The connection failed, or no response came in time."""


class NoSplitflap(CommandError):
    """Another server answers at the API's address. It has not received the key."""

    def __init__(self, response: requests.Response) -> None:
        place = response.headers.get("Location")
        answer = f"{response.status_code} {response.reason or ''}".strip()
        super().__init__(
            f"no Splitflap answers at {response.url}: expected 401 with its challenge, "
            f"got {answer}{f' to {place}' if place else ''}. The key was not sent; "
            "check --url or SPLITFLAP_URL"
        )


class Client:
    """Sends requests to one API with one key.

    The first request has no key: the key is sent once the server has answered as a Splitflap does.
    """

    def __init__(
        self,
        url: str,
        key: str,
        sleep: Callable[[float], None] = time.sleep,
        on_retry: Callable[[CommandError, float], None] | None = None,
    ) -> None:
        """`on_retry` is called before each retry, with the error and the delay in seconds."""
        if not (key.isascii() and key.isprintable()):
            raise CommandError("the key is malformed: it must be printable ASCII on one line")
        self._url = url.rstrip("/")
        self._host = _host(url)
        self._sleep = sleep
        self._on_retry = on_retry or _report_retry
        self._bearer = _Bearer(key)
        self._session = requests.Session()
        self._session.auth = _no_key
        # Requests to this machine bypass the proxies of the environment.
        self._session.trust_env = not self.is_local

    @property
    def is_local(self) -> bool:
        """Whether the API runs on this machine."""
        return self._host in LOOPBACK

    def get(self, *path: str, **options: Any) -> Any:
        """The JSON of a GET of /v1/ and the path segments."""
        return body_of(self.send("GET", self.at(*path), **options))

    def send(
        self, method: str, url: str, *, resend: bool = False, until: float = inf, **options: Any
    ) -> Any:
        """Send a request, with retries; the response has a status below 400.

        A request refused with 429 or 503 is sent again after its Retry-After.

        Args:
            method: an HTTP method.
            url: from `at` or `location`.
            resend: also retry after a lost connection; only for requests that may arrive twice.
            until: time of the monotonic clock after which no attempt starts.
            options: of requests.Session.request.

        Raises:
            ApiRefused, Unreachable: the result of the last attempt.
            NoSplitflap: another server answers there.
        """
        if self._session.auth is not self._bearer:
            self._recognize(resend, until)
        response, error = self._attempts(method, url, resend, until, options)
        if error:
            raise error
        return response

    def _recognize(self, resend: bool, until: float) -> None:
        """Ask without the key, and use the key from now on if a Splitflap answers."""
        response, error = self._attempts("GET", self._join(PROBE), resend, until, {})
        if response is None or response.status_code in TEMPORARY:
            raise error or Unreachable(f"no answer from {self._url}")
        if not is_splitflap(response.status_code, response.headers.get("WWW-Authenticate")):
            raise NoSplitflap(response)
        self._session.auth = self._bearer

    def _attempts(
        self, method: str, url: str, resend: bool, until: float, options: dict[str, Any]
    ) -> tuple[requests.Response | None, CommandError | None]:
        """The last attempt's response, and its error."""
        for last in [False] * (MAX_ATTEMPTS - 1) + [True]:
            response, error = self._once(method, url, until, options)
            delay = _delay(response, resend=resend)
            if last or error is None or delay is None or time.monotonic() + delay > until:
                break
            self._on_retry(error, delay)
            self._sleep(delay)
        return response, error

    def pages(self, *path: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """All items of a list. A page is read when its first item is needed."""
        after = None
        while True:
            page = self.get(*path, params={**filters, "limit": PAGE, "after": after})
            yield from page["items"]
            after = page.get("next")
            if after is None:
                return

    def events(
        self, channel: str, last_id: int | None = None
    ) -> Iterator[tuple[int, str | None, Any]]:
        """Id, kind and data of each event of a channel, until the stream ends.

        Without `last_id`, the first item is the event `start`, with the id of the newest event.

        Raises:
            ApiRefused, Unreachable: the stream was refused, or broke.
        """
        headers = {} if last_id is None else {"Last-Event-ID": str(last_id)}
        options: dict[str, Any] = {"params": {"channel": channel}, "headers": headers}
        with self.send("GET", self.at("events"), resend=True, stream=True, **options) as response:
            try:
                yield from _events(response.iter_lines())
            except (requests.RequestException, OSError) as error:
                raise Unreachable(f"the stream of events broke: {error}") from error

    def at(self, *path: str) -> str:
        """The URL of /v1/ and the path segments, quoted.

        Raises:
            CommandError: a segment would be removed from the URL, so it would name something else.
        """
        for segment in path:
            if segment in {"", ".", ".."}:
                raise CommandError(f"{segment!r} is no id")
        return self._join(["v1", *(quote(segment, safe=":") for segment in path)])

    def _join(self, segments: Sequence[str]) -> str:
        return "/".join([self._url, *segments])

    def location(self, response: requests.Response) -> str:
        """The URL in the response's Location. It must be of this API, since the key is sent there.

        Raises:
            CommandError: it points elsewhere, or is missing.
        """
        target = urljoin(response.url, response.headers.get("Location", ""))
        if urlsplit(target)[:2] != urlsplit(self._url)[:2] or "Location" not in response.headers:
            raise CommandError(
                f"the Location of the response is no address of this API: {printable(target)}"
            )
        return target

    def _once(
        self, method: str, url: str, until: float, options: dict[str, Any]
    ) -> tuple[requests.Response | None, CommandError | None]:
        """One attempt: its response, and an error if it was refused or lost.

        Raises:
            CommandError: the request cannot be sent at all.
        """
        connect, read = TIMEOUT
        left = max(MIN_TIMEOUT, min(read, until - time.monotonic()))
        try:
            response = self._session.request(
                method, url, timeout=(connect, left), allow_redirects=False, **options
            )
        except requests.Timeout:
            return None, Unreachable(f"no answer in time from {url}")
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return None, Unreachable(f"no answer from {url}; is the API running there?")
        except (requests.RequestException, UnicodeError) as error:
            raise CommandError(f"cannot send a request to {url}: {error}") from error
        refused = response.status_code >= HTTPStatus.BAD_REQUEST
        return response, ApiRefused(response) if refused else None


def _host(url: str) -> str:
    """The host in an HTTP URL.

    Raises:
        CommandError: this is no HTTP URL.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CommandError(
            f"--url or SPLITFLAP_URL: {url!r} is not an address such as https://host:port"
        )
    return parts.hostname


class _Bearer(AuthBase):
    """Sends the key. Without an auth object, requests would prefer ~/.netrc."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def _no_key(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sends no key, and none of ~/.netrc."""
    return request


def body_of(response: requests.Response) -> Any:
    """The JSON of a response.

    Raises:
        CommandError: the body is no JSON.
    """
    try:
        return response.json()
    except ValueError as error:
        raise CommandError(
            f"{response.url} answers without JSON; is a Splitflap running there?"
        ) from error


def _events(lines: Iterator[bytes]) -> Iterator[tuple[int, str | None, Any]]:
    """Parse server-sent events (WHATWG HTML, section 9.2); drops events without an id."""
    frame: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode("utf-8", "replace").partition(": ")
        if name:
            frame[name] = value
            continue
        if "id" in frame:
            data = json.loads(frame["data"]) if "data" in frame else None
            yield int(frame["id"]), frame.get("event"), data
        frame = {}


def _report_retry(error: CommandError, delay: float) -> None:
    echo(f"{error}; retrying in {delay:g} s", err=True)


def retry_after(response: requests.Response) -> float:
    """The Retry-After of a response in seconds; RETRY_AFTER if there is none."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return RETRY_AFTER


def _delay(response: requests.Response | None, *, resend: bool) -> float | None:
    """Delay of the next attempt in seconds; None for no further attempt."""
    if response is None:
        return RETRY_AFTER if resend else None
    delay = retry_after(response)
    return delay if response.status_code in TEMPORARY and delay <= MAX_RETRY_AFTER else None


def _problem(response: requests.Response) -> str:
    """The problem in a response as text; the status if the body is no problem (a proxy's page)."""
    try:
        body = response.json()
        words = [f"{body['title']} ({response.status_code}): {body['detail']}"]
        errors = [f"{each['field']}: {each['message']}" for each in body.get("errors", [])]
        # The detail often repeats a single error.
        words += [f"  {error}" for error in errors if error != body["detail"]]
    except (ValueError, KeyError, TypeError):
        return f"{response.url} answers {response.status_code} {printable(response.reason or '')}"
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        words.append(f"  asked: {response.request.method} {response.url}")
    return "\n".join(printable(line) for line in words)
