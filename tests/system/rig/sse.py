"""A client of Server-Sent Events."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.support.event_stream import EventParser

#: Seconds without a byte after which a stream counts as dead. The API sends a comment after 15 s of
#: silence; a busy machine may be late.
SILENCE_TIMEOUT = 30.0


@dataclass
class Frame:
    """An event. The data is decoded JSON."""

    id: int | None = None
    event: str | None = None
    data: Any = None


class EventStream:
    """One connection to /v1/events, or to another stream."""

    def __init__(
        self,
        url: str,
        key: str,
        channel: str | None = None,
        last_id: int | None = None,
        path: str = "/v1/events",
    ) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=SILENCE_TIMEOUT
        )
        headers = {"Authorization": f"Bearer {key}"}
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        query = f"?channel={channel}" if channel else ""
        self._connection.request("GET", f"{path}{query}", headers=headers)
        self.response = self._connection.getresponse()
        self.parser = EventParser()
        assert self.response.status == 200, self.response.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.response.close()
        self._connection.close()

    def all_events(self) -> Iterator[Frame]:
        """Read events until the stream ends."""
        while line := self.response.readline():
            for event in self.parser.feed(line):
                last_id = event.last_event_id
                yield Frame(int(last_id) if last_id else None, event.type, json.loads(event.data))

    def events(self) -> Iterator[Frame]:
        """Read events until the stream ends, without the one that gives the stream's start."""
        return (frame for frame in self.all_events() if frame.event != "start")

    def start_id(self) -> int:
        """Read the first event: its id is the place where this stream begins."""
        first = next(self.all_events())
        assert first.event == "start"
        assert first.id is not None
        return first.id

    def shut_down(self) -> None:
        """Cut the connection from another thread. A read in progress ends."""
        if self._connection.sock is not None:
            self._connection.sock.shutdown(2)
