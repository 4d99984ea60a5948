"""An open event stream, as a browser reads it."""

import http.client
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.support.event_stream import EventParser, ServerSentEvent

#: Seconds without a byte. A stream sends a comment after 15 s.
SILENCE = 30.0


class Stream:
    """A connection to the event stream."""

    def __init__(
        self, port: int, headers: Mapping[str, str] | None = None, path: str = "/v1/events"
    ) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SILENCE)
        self._connection.request("GET", path, headers=dict(headers or {}))
        self.response = self._connection.getresponse()
        self._parser = EventParser()
        assert self.response.status == 200, self.response.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.response.close()
        self._connection.close()

    def read_to_end(self) -> None:
        """Return when the server ends the stream."""
        while self.response.readline():
            pass

    def read_until(self, kind: str) -> ServerSentEvent:
        """The next event of this kind."""
        while line := self.response.readline():
            for event in self._parser.feed(line):
                if event.type == kind:
                    return event
        raise AssertionError(f"the stream ended before an event {kind}")
