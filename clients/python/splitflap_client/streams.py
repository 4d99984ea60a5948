"""Events of posts as they happen: a stream that resumes after a lost connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

import msgspec
import requests

from splitflap_client.errors import NoSplitflap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from splitflap_client.transport import Transport

    EventKind = Literal["accepted", "rendered", "preview", "done", "failed", "deleted"]
else:
    # A later API may know more kinds.
    EventKind = str

#: Seconds until a reconnection, if the API has sent no `retry`.
RECONNECT_AFTER = 1.0


class PostEvent(msgspec.Struct, kw_only=True, frozen=True):
    """Something happened to a post."""

    id: int
    kind: EventKind
    post: str
    channel: str
    revision: int
    #: Of `accepted`, `rendered`, `done` and `failed`.
    task: str | None = None
    #: Of `preview`: the link, and whether its preview is `ready` or `failed`.
    url: str | None = None
    state: str | None = None
    #: Of `failed`.
    reason: str | None = None


class Gap(msgspec.Struct, kw_only=True, frozen=True):
    """Events are missing: they were past their retention. Read the posts again."""

    kind: ClassVar[Literal["gap"]] = "gap"
    #: Id of the first event that remains.
    oldest: int


class Frame(NamedTuple):
    """An event of a stream of Server-Sent Events, with the reconnection time if it is set."""

    id: str | None
    event: str
    data: Any
    #: Milliseconds.
    retry: int | None


class EventStream:
    """An iterator of events, across lost connections and restarts of the API.

    It is connected at once, so no event after its making is missed. After `Retries.seconds`
    without an API it raises `Unreachable`; a new stream with `after=stream.last_id` goes on.
    """

    def __init__(self, transport: Transport, channel: str | None, after: int | None) -> None:
        #: Id of the last event that was read; None before the first one.
        self.last_id = after
        # The stream is that of the key, whichever account it acts for.
        self._transport = transport.acting_for(None)
        self._params = {} if channel is None else {"channel": channel}
        self._retry = RECONNECT_AFTER
        self._closed = False
        self._connection = self._connect()
        self._frames = read_frames(self._connection)
        while self.last_id is None:
            self._next()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> PostEvent | Gap:
        while (event := self._next()) is None:
            pass
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the stream. It gives no further events."""
        self._closed = True
        self._connection.close()

    def _next(self) -> PostEvent | Gap | None:
        """The next event; None for one about the stream, and after a reconnection.

        Raises:
            StopIteration: the stream is closed.
        """
        if self._closed:
            raise StopIteration
        try:
            frame = next(self._frames, None)
        except (requests.RequestException, OSError):
            frame = None
        if frame is None:
            self._reconnect()
            return None
        return self._event(frame)

    def _event(self, frame: Frame) -> PostEvent | Gap | None:
        if frame.retry is not None:
            self._retry = frame.retry / 1000
        if frame.id is not None:
            self.last_id = int(frame.id)
        if frame.event == "gap":
            gap = Gap(oldest=frame.data["oldest"])
            self.last_id = gap.oldest - 1
            return gap
        if self.last_id is None or not frame.data or "post" not in frame.data:
            return None
        return msgspec.convert({**frame.data, "id": self.last_id, "kind": frame.event}, PostEvent)

    def _reconnect(self) -> None:
        self._connection.close()
        self._transport.sleep(self._retry)
        self._connection = self._connect()
        self._frames = read_frames(self._connection)

    def _connect(self) -> requests.Response:
        headers = {} if self.last_id is None else {"Last-Event-ID": str(self.last_id)}
        url = self._transport.at("events")
        response = self._transport.send(
            "GET", url, resend=True, stream=True, headers=headers, params=self._params
        )
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            response.close()
            raise NoSplitflap(f"{response.url} is no stream of events")
        return response


def read_frames(response: requests.Response) -> Iterator[Frame]:
    """The events of a response, as WHATWG HTML, section 9.2 has them."""
    return _parse(line.decode("utf-8", "replace") for line in response.iter_lines())


def _parse(lines: Iterable[str]) -> Iterator[Frame]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif not line:
            if "data" in fields:
                yield _frame(fields)
            fields = {}


def _frame(fields: dict[str, str]) -> Frame:
    retry = fields.get("retry", "")
    return Frame(
        fields.get("id"),
        fields.get("event", "message"),
        json.loads(fields["data"]),
        int(retry) if retry.isdigit() else None,
    )
