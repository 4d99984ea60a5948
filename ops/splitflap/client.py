"""The API as the commands use it: requests with a key, repeated where that is safe."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from math import inf
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.auth import AuthBase

from splitflap.errors import Refused
from splitflap.output import printable

#: Seconds to connect, and to wait for an answer: longer than any `Prefer: wait` asks for.
TIMEOUT = (5.0, 40.0)

#: Least time that an answer is given, in seconds, however near the end of the wait is.
MIN_TIMEOUT = 1.0

#: Most times that a request is sent.
MAX_TRIES = 6

#: Seconds until the next try where the API names none.
RETRY_AFTER = 1.0

#: Longest Retry-After that is waited for, in seconds; beyond it people decide.
MAX_RETRY_AFTER = 30.0

#: Answers that say: nothing was done, try again later.
LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

LOOPBACK = {"127.0.0.1", "::1", "localhost"}

#: Items that are asked for at a time.
PAGE = 100


class ApiRefused(Refused):
    """The API answered with a problem: its title, its detail, and what is wrong with a field."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        super().__init__(_problem(response))


class Unreachable(Refused):
    """No answer came."""


class Client:
    """Speaks to one API with one key."""

    def __init__(
        self,
        url: str,
        key: str,
        sleep: Callable[[float], None] = time.sleep,
        note: Callable[[Refused, float], None] | None = None,
    ) -> None:
        """`note` hears what a request was put off by, and for how many seconds."""
        if not (key.isascii() and key.isprintable()):
            raise Refused("the key has characters that no key has")
        self._url = url.rstrip("/")
        self._host = _host(url)
        self._sleep = sleep
        self._note = note or _say
        self._session = requests.Session()
        self._session.auth = _Bearer(key)
        # A proxy is no way to this machine itself.
        self._session.trust_env = not self.is_local

    @property
    def is_local(self) -> bool:
        """Whether the API runs on this machine."""
        return self._host in LOOPBACK

    def get(self, *path: str, **options: Any) -> Any:
        """The JSON of a GET of /v1/ and these segments."""
        return body_of(self.send("GET", self.at(*path), **options))

    def send(
        self, method: str, url: str, *, resend: bool = False, until: float = inf, **options: Any
    ) -> Any:
        """The response to a request, which is below 400.

        What the API has put off is sent again after its Retry-After; with `resend`, which is for
        requests that may arrive twice, so is one whose connection was lost. Nothing is begun after
        `until`, a time of the monotonic clock.

        Raises:
            ApiRefused, Unreachable: what the last try came to.
        """
        for last in [False] * (MAX_TRIES - 1) + [True]:
            response, error = self._once(method, url, until, options)
            delay = _delay(response, resend=resend)
            if last or error is None or delay is None or time.monotonic() + delay > until:
                break
            self._note(error, delay)
            self._sleep(delay)
        if error:
            raise error
        return response

    def pages(self, *path: str) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page, as they are asked for."""
        after = None
        while True:
            page = self.get(*path, params={"limit": PAGE, "after": after})
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def events(
        self, channel: str, last_id: int | None = None
    ) -> Iterator[tuple[int, str | None, Any]]:
        """Id, kind and data of each event of a channel, until the stream ends or breaks.

        Without `last_id` the first is the place where the stream begins, of no kind.

        Raises:
            Refused: the API gives no stream.
        """
        headers = {} if last_id is None else {"Last-Event-ID": str(last_id)}
        options: dict[str, Any] = {"params": {"channel": channel}, "headers": headers}
        with self.send("GET", self.at("events"), resend=True, stream=True, **options) as response:
            try:
                yield from _events(response.iter_lines())
            except (requests.RequestException, OSError) as error:
                raise Unreachable(f"the stream of events broke: {error}") from error

    def at(self, *path: str) -> str:
        """The address of /v1/ and these segments."""
        return "/".join([self._url, "v1", *(quote(segment, safe="") for segment in path)])

    def location(self, response: requests.Response) -> str:
        """Where the response's Location points, if that is this API; the key goes nowhere else.

        Raises:
            Refused: it points elsewhere, or is missing.
        """
        target = urljoin(response.url, response.headers.get("Location", ""))
        if urlsplit(target)[:2] != urlsplit(self._url)[:2] or "Location" not in response.headers:
            raise Refused(f"the API's answer names no task of its own: {printable(target)}")
        return target

    def _once(
        self, method: str, url: str, until: float, options: dict[str, Any]
    ) -> tuple[requests.Response | None, Refused | None]:
        """A response, or what is wrong with it or was in its way.

        Raises:
            Refused: it could not even be sent.
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
            raise Refused(f"cannot send a request to {url}: {error}") from error
        refused = response.status_code >= HTTPStatus.BAD_REQUEST
        return response, ApiRefused(response) if refused else None


def _host(url: str) -> str:
    """The host that an address names.

    Raises:
        Refused: it names none that HTTP is spoken with.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused(
            f"--url or SPLITFLAP_URL: {url!r} is not an address such as https://host:port"
        )
    return parts.hostname


class _Bearer(AuthBase):
    """The key, in a form that no ~/.netrc replaces."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def body_of(response: requests.Response) -> Any:
    """The JSON of a response.

    Raises:
        Refused: it has none.
    """
    try:
        return response.json()
    except ValueError as error:
        raise Refused(f"{response.url} answers, but not as a Splitflap does: no JSON") from error


def _events(lines: Iterator[bytes]) -> Iterator[tuple[int, str | None, Any]]:
    """What stands between empty lines, where it has an id (WHATWG HTML, section 9.2)."""
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


def _say(error: Refused, delay: float) -> None:
    sys.stderr.write(f"{error}; trying again in {delay:g} s\n")


def retry_after(response: requests.Response) -> float:
    """The seconds that a response asks to wait."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return RETRY_AFTER


def _delay(response: requests.Response | None, *, resend: bool) -> float | None:
    """Seconds until the next try; None when there should be none."""
    if response is None:
        return RETRY_AFTER if resend else None
    delay = retry_after(response)
    return delay if response.status_code in LATER and delay <= MAX_RETRY_AFTER else None


def _problem(response: requests.Response) -> str:
    """An answer's problem in words; whatever is no problem (a proxy's page) by its status."""
    try:
        body = response.json()
        words = [f"{body['title']} ({response.status_code}): {body['detail']}"]
        errors = [f"{each['field']}: {each['message']}" for each in body.get("errors", [])]
        # Where there is one, the detail often says it already.
        words += [f"  {error}" for error in errors if error != body["detail"]]
    except (ValueError, KeyError, TypeError):
        return f"{response.url} answers {response.status_code} {printable(response.reason or '')}"
    return "\n".join(printable(line) for line in words)
