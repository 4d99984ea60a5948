"""A publisher without manners: it writes frames that Splitflap's own workers never write."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import kombu
from splitflap_core.broker import frames

#: The flag of the property `headers`.
_HEADERS = 1 << 13


class RawPublisher:
    """One connection, which publishes headers as given."""

    def __init__(self, url: str) -> None:
        self._connection = kombu.Connection(url)
        self._channel = self._connection.channel()
        self._amqp = self._connection.connection
        self._channel.confirm_select()
        self._confirmed = 0
        self._channel.events["basic_ack"].add(self._on_ack)
        self._sent = 0

    def publish(self, exchange: str, key: str, body: bytes, table: bytes = b"") -> None:
        """Publish a message with these encoded headers, and wait for the confirm."""
        content = struct.pack(">HHQH", 60, 0, len(body), _HEADERS)
        content += struct.pack(">I", len(table)) + table
        channel = self._channel.channel_id
        # The frames' encoders are private to the broker; a hostile client has its own.
        wire = [frames._method(channel, exchange, key), frames._frame(2, channel, content)]
        size = self._amqp.frame_max - 8
        wire += [
            frames._frame(3, channel, body[at : at + size]) for at in range(0, len(body), size)
        ]
        self._amqp.transport.write(b"".join(wire))
        self._sent += 1
        while self._confirmed < self._sent:
            self._amqp.drain_events(timeout=20)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._confirmed = tag if multiple else self._confirmed + 1


@contextmanager
def raw_publisher(url: str) -> Iterator[RawPublisher]:
    """A publisher, closed at the end."""
    publisher = RawPublisher(url)
    try:
        yield publisher
    finally:
        publisher.close()


def header(name: str, kind: bytes, value: bytes) -> bytes:
    """One entry of a table."""
    return struct.pack("B", len(name)) + name.encode() + kind + value


def text_header(name: str, value: bytes) -> bytes:
    """An entry with a text, which may be invalid UTF-8."""
    return header(name, b"S", struct.pack(">I", len(value)) + value)


def nested(depth: int) -> bytes:
    """Tables within tables."""
    table = b""
    for _ in range(depth):
        table = header("a", b"F", struct.pack(">I", len(table)) + table)
    return table
