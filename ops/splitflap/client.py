"""The client of the commands: sends the key to a Splitflap alone; its errors are for people."""

from __future__ import annotations

import time
from contextlib import contextmanager
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from splitflap_client import errors
from splitflap_client.streams import EventStream
from splitflap_client.transport import LOW, TEMPORARY, Retries, Transport, retry_after

from splitflap.challenge import PROBE, is_splitflap
from splitflap.errors import CommandError
from splitflap.output import echo, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

__all__ = ["LOW", "ApiRefused", "Client", "NoSplitflap", "Unreachable", "body_of", "retry_after"]

T = TypeVar("T")

#: Most attempts of one request.
MAX_ATTEMPTS = 6

#: Longest Retry-After to wait for, in seconds; a longer one is an error.
MAX_RETRY_AFTER = 30.0

#: Items per page of a list.
PAGE = 100


class ApiRefused(CommandError):
    """The API answered with an error: the problem's title, detail, and invalid fields."""

    def __init__(self, problem: errors.Problem) -> None:
        self.status = problem.status
        self.problem = problem
        super().__init__(_in_words(problem))

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
        patience: float | None = None,
    ) -> None:
        """`on_retry` is called before each retry, with the error and the delay in seconds.

        A request is sent again for `patience` seconds; without it, MAX_ATTEMPTS times.
        """
        few = Retries(seconds=inf, attempts=MAX_ATTEMPTS, longest=MAX_RETRY_AFTER)
        report = on_retry or _report_retry
        try:
            self._transport = Transport(
                url,
                key,
                retries=few if patience is None else Retries(seconds=patience),
                on_retry=lambda error, delay: report(_for_people(error), delay),
                sleep=sleep,
            )
        except errors.BadAddress as error:
            raise CommandError(f"--url or SPLITFLAP_URL: {error}") from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self._bearer = self._transport.session.auth
        self._transport.session.auth = _no_key

    @property
    def is_local(self) -> bool:
        """Whether the API runs on this machine."""
        return self._transport.is_local

    @property
    def url(self) -> str:
        """The API's address."""
        return self._transport.url

    def get(self, *path: str, **options: Any) -> Any:
        """The JSON of a GET of /v1/ and the path segments."""
        return body_of(self.send("GET", self.at(*path), **options))

    def send(
        self, method: str, url: str, *, resend: bool = False, until: float = inf, **options: Any
    ) -> requests.Response:
        """Send a request, with retries, as `Transport.send` does.

        Raises:
            ApiRefused, Unreachable: the result of the last attempt.
            NoSplitflap: another server answers there.
        """
        with _errors_for_people():
            self._recognize(resend=resend, until=until)
            return self._transport.send(method, url, resend=resend, until=until, **options)

    def _recognize(self, *, resend: bool, until: float) -> None:
        """Ask without the key, and use the key from now on if a Splitflap answers."""
        if self._transport.session.auth is self._bearer:
            return
        try:
            url = self._transport.at(*PROBE[1:])
            response = self._transport.send("GET", url, resend=resend, until=until)
        except errors.Problem as problem:
            if problem.status in TEMPORARY:
                raise
            response = problem.response
        if not is_splitflap(response.status_code, response.headers.get("WWW-Authenticate")):
            raise NoSplitflap(response)
        self._transport.session.auth = self._bearer

    def pages(self, *path: str, resend: bool = False, **filters: Any) -> Iterator[dict[str, Any]]:
        """All items of a list. A page is read when its first item is needed.

        With `resend`, a lost page is read again.
        """
        after = filters.pop("after", None)
        while True:
            page = self.get(*path, resend=resend, params={**filters, "limit": PAGE, "after": after})
            yield from page["items"]
            after = page.get("next")
            if after is None:
                return

    def use(self, call: Callable[[Transport], T]) -> T:
        """Let a function send requests.

        Raises:
            CommandError: in place of each SplitflapError that it raises.
        """
        with _errors_for_people():
            self._recognize(resend=False, until=inf)
            return call(self._transport)

    def events(self, channel: str) -> EventStream:
        """The events of a channel from now on.

        Raises:
            ApiRefused, Unreachable: the stream was refused. Its iteration raises SplitflapError.
        """
        return self.use(lambda transport: EventStream(transport, channel, None))

    def at(self, *path: str) -> str:
        """The URL of /v1/ and the path segments, quoted.

        Raises:
            CommandError: a segment would be removed from the URL, so it would name something else.
        """
        try:
            return self._transport.at(*path)
        except ValueError as error:
            raise CommandError(str(error)) from error

    def location(self, response: requests.Response) -> str:
        """The URL in the response's Location. It must be of this API, since the key is sent there.

        Raises:
            CommandError: it points elsewhere, or is missing.
        """
        with _errors_for_people():
            return self._transport.location(response)


@contextmanager
def _errors_for_people() -> Iterator[None]:
    try:
        yield
    except errors.SplitflapError as error:
        raise _for_people(error) from error


def _for_people(error: errors.SplitflapError) -> CommandError:
    if isinstance(error, errors.Problem):
        return ApiRefused(error)
    if isinstance(error, errors.Unreachable):
        return Unreachable(str(error))
    return CommandError(str(error))


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


def _report_retry(error: CommandError, delay: float) -> None:
    echo(f"{error}; retrying in {delay:g} s", err=True)


def _in_words(problem: errors.Problem) -> str:
    """The problem as text; the status if the body is none (a proxy's page)."""
    response = problem.response
    if problem.type == errors.NO_TYPE:
        return f"{response.url} answers {problem.status} {printable(response.reason or '')}"
    words = [str(problem)]
    fields = [f"{each.field}: {each.message}" for each in problem.errors]
    # The detail often repeats a single error.
    words += [f"  {each}" for each in fields if each != problem.detail]
    if problem.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        words.append(f"  asked: {response.request.method} {response.url}")
    return "\n".join(printable(line) for line in words)
