"""A parser of Server-Sent Events, step by step as the specification has it.

WHATWG HTML, section 9.2.6, "Interpreting an event stream". It also notes the blocks that some
parsers take for an empty event.
"""

import codecs
import re
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\r|\n")


class ServerSentEvent(NamedTuple):
    """A dispatched event. `last_event_id` may come from an earlier event."""

    last_event_id: str
    type: str
    data: str


class EventParser:
    """Takes the bytes of one stream."""

    _id: str
    _type: str
    _data: str
    _fields: list[str]

    def __init__(self) -> None:
        self.reconnection_ms: int | None = None
        self.last_event_id = ""
        self.comments: list[str] = []
        #: The fields of blocks without data. The specification dispatches nothing for them.
        self.blocks_without_data: list[list[str]] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = False
        self._line = ""
        self._after_cr = False
        self._start_block()

    def feed(self, piece: bytes) -> list[ServerSentEvent]:
        """The events that end in this piece of the stream."""
        text = self._decoder.decode(piece)
        if text and not self._begun:
            self._begun = True
            text = text.removeprefix("\ufeff")
        found = [self._take(line) for line in self._lines(text)]
        return [event for event in found if event]

    def _lines(self, text: str) -> list[str]:
        """The lines that end in the text: with CR LF, LF or CR."""
        if text and self._after_cr:
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r") or (self._after_cr and not text)
        first, *others = _LINE_END.split(text)
        *lines, self._line = self._line + first, *others
        return lines

    def _take(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line.startswith(":"):
            self.comments.append(value)
            return None
        self._fields.append(name)
        match name:
            case "event":
                self._type = value
            case "data":
                self._data += value + "\n"
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.reconnection_ms = int(value)
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        self.last_event_id = self._id
        kind, data, fields = self._type, self._data, self._fields
        self._start_block()
        if not data:
            self.blocks_without_data.append(fields)
            return None
        return ServerSentEvent(self.last_event_id, kind or "message", data.removesuffix("\n"))

    def _start_block(self) -> None:
        self._id = self.last_event_id
        self._type = self._data = ""
        self._fields = []
