"""A task: a request that was accepted, and whose final response comes later."""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

from splitflap_client.errors import StillRunning
from splitflap_client.models import RunningTask
from splitflap_client.transport import read, retry_after

if TYPE_CHECKING:
    import requests

    from splitflap_client.transport import Transport

T = TypeVar("T")

#: Longest `Prefer: wait` of one request, in seconds, as the API has it.
MAX_WAIT = 30

#: Seconds beyond a wait in which its response may come.
MARGIN = 5.0


class Task(Generic[T]):
    """A task, and its final response once that is known."""

    def __init__(
        self, transport: Transport, type_: type[T], url: str, response: requests.Response | None
    ) -> None:
        """`response` is that of the request which made the task, or of a GET of it."""
        self._transport = transport
        self._type = type_
        self._url = url
        self._response = response

    @property
    def id(self) -> str:
        """Its id: `Client.task` finds it again. Empty if the request was answered at once."""
        return self._url.rpartition("/")[2]

    def running(self) -> RunningTask | None:
        """Its progress, read anew; None once it has ended."""
        response = self._ended() or self._poll(0.0, inf)
        return read(response, RunningTask) if response.status_code == _RUNNING else None

    def result(self, timeout: float | None = None) -> T:
        """Wait for the final response, for `timeout` seconds or as long as it takes.

        Raises:
            StillRunning: it has not come in time.
            Problem: the task has failed, was cancelled, or is past its retention.
        """
        until = inf if timeout is None else time.monotonic() + timeout
        pause = 0.0
        while (ended := self._ended()) is None:
            left = until - time.monotonic()
            if left <= 0:
                raise StillRunning(self.id)
            self._transport.sleep(min(left, pause))
            polled = self._poll(until - time.monotonic(), until + MARGIN)
            # The API answers 202 after the wait that it has applied. An API that stops applies
            # none.
            pause = 0.0 if "Preference-Applied" in polled.headers else retry_after(polled)
        return read(ended, self._type)

    def cancel(self) -> None:
        """Drop what has not begun. Later reads raise `Gone`."""
        self._transport.send("DELETE", self._url, resend=True)
        self._response = None

    def _ended(self) -> requests.Response | None:
        """The final response, if it has come."""
        found = self._response
        return None if found is None or found.status_code == _RUNNING else found

    def _poll(self, wait: float, until: float) -> requests.Response:
        self._response = self._transport.send(
            "GET", self._url, resend=True, until=until, headers=prefer(wait)
        )
        return self._response


#: Status of a running task. A final response never has it.
_RUNNING = 202


def prefer(wait: float) -> dict[str, str]:
    """The header for a wait of at most so many seconds."""
    return {"Prefer": f"wait={int(min(MAX_WAIT, wait))}"} if wait >= 1 else {}
