"""A client of Server-Sent Events."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

#: Seconds without a byte after which a stream counts as dead. The API sends a heartbeat every 30 s.
SILENCE_TIMEOUT = 40.0


@dataclass
class Frame:
    """The fields between two empty lines of a stream."""

    id: int | None = None
    event: str | None = None
    data: Any = None
    retry: int | None = None


class EventStream:
    """One connection to /v1/events."""

    def __init__(
        self, url: str, key: str, channel: str | None = None, last_id: int | None = None
    ) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=SILENCE_TIMEOUT
        )
        headers = {"Authorization": f"Bearer {key}"}
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        query = f"?channel={channel}" if channel else ""
        self._connection.request("GET", f"/v1/events{query}", headers=headers)
        self.response = self._connection.getresponse()
        assert self.response.status == 200, self.response.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.response.close()
        self._connection.close()

    def frames(self) -> Iterator[Frame]:
        """Read frames until the stream ends. Comments are skipped."""
        frame = Frame()
        while line := self.response.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            match name:
                case "":
                    if frame != Frame():
                        yield frame
                    frame = Frame()
                case "id" | "retry":
                    setattr(frame, name, int(value))
                case "event":
                    frame.event = value
                case "data":
                    frame.data = json.loads(value)

    def events(self) -> Iterator[Frame]:
        """Read frames with an event."""
        return (frame for frame in self.frames() if frame.event)

    def start_id(self) -> int:
        """Read the first frame: its id is the place where this stream begins."""
        first = next(self.frames())
        assert first.event is None
        assert first.id is not None
        return first.id

    def shut_down(self) -> None:
        """Cut the connection from another thread. A read in progress ends."""
        if self._connection.sock is not None:
            self._connection.sock.shutdown(2)
