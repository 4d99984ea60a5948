"""Messages as they come from RabbitMQ, whoever has sent them.

A worker that was broken into may publish anything. py-amqp raises for some headers: a time after
the year 9999, or tables within tables. The link would then connect again and get the same message,
until the broker drops it with its neighbours. kombu decompresses a body if a header asks for it.
py-amqp keeps a body of any size.
"""

from typing import Any

import amqp.method_framing
from amqp.basic_message import Message as AmqpMessage
from kombu.transport import pyamqp

from splitflap_core.contracts import MAX_MESSAGE


class ForeignMessage(AmqpMessage):  # type: ignore[misc]  # py-amqp is untyped
    """A message without unreadable properties. A body above MAX_MESSAGE is cut to one byte more."""

    def _load_properties(self, class_id: tuple[int, int], buf: bytes, offset: int) -> int:
        try:
            return int(super()._load_properties(class_id, buf, offset))
        except Exception:  # noqa: BLE001 - RecursionError, OverflowError, struct.error and others
            self.properties: dict[str, Any] = {}
            return len(buf)

    def inbound_body(self, buf: bytes) -> None:
        space = MAX_MESSAGE + 1 - self.body_received
        if self.body_size <= MAX_MESSAGE or len(buf) <= space:
            super().inbound_body(buf)
            return
        self.body_received += len(buf)
        self._pending_chunks.append(buf[: max(0, space)])
        if self.body_received >= self.body_size:
            self.body = b"".join(self._pending_chunks)
            self._pending_chunks.clear()
            self.ready = True


class PlainMessage(pyamqp.Message):  # type: ignore[misc]  # kombu is untyped
    """kombu's message, never decompressed."""

    def __init__(self, msg: ForeignMessage, channel: object = None, **kwargs: object) -> None:
        (msg.properties.get("application_headers") or {}).pop("compression", None)
        super().__init__(msg, channel=channel, **kwargs)


class Channel(pyamqp.Channel):  # type: ignore[misc]  # kombu is untyped
    """kombu's channel, with the messages above."""

    Message = PlainMessage


def install() -> None:
    """Let py-amqp and kombu make the messages above. They have no other place for it."""
    amqp.method_framing.Message = ForeignMessage
    pyamqp.Connection.Channel = Channel
