"""RabbitMQ through kombu and py-amqp: publisher confirms in a window, quorum queues.

This module replaces four parts of py-amqp:

- Confirms are matched by sequence number. py-amqp takes any ack for the expected one.
- basic.publish is encoded in frames.py. py-amqp reads the socket before each message, with timeout
  0, to find a blocked connection; `poll` reads it anyway.
- Reads and writes are buffered (buffers.py).
- Headers and bodies of received messages are bounded (foreign_messages.py).
"""

import itertools
import logging
import ssl
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import kombu
from amqp.exceptions import AccessRefused, NotFound

from splitflap_core import topology
from splitflap_core.broker.buffers import ReadAhead, WriteBehind
from splitflap_core.broker.declaration import Declaration, is_declared
from splitflap_core.broker.foreign_messages import install
from splitflap_core.broker.frames import ack_frame, publish_frames
from splitflap_core.broker.messages import (
    Depth,
    OutgoingMessage,
    ReceivedMessage,
    Subscription,
)
from splitflap_core.broker.session import BrokerSession, QueueUnavailable
from splitflap_core.broker.waker import Readiness, Waker

logger = logging.getLogger(__name__)

#: Seconds between heartbeats. The link notices a dead peer after two of them.
HEARTBEAT = 10

#: Seconds for a connect, and for one read or write of the connected socket.
IO_TIMEOUT = 5.0

#: The longest wait of one poll, in seconds. Each poll also sends a heartbeat if one is due.
POLL_TIMEOUT = 1.0

#: Frames handled in one poll. The limit lets acks and publishes through a flood of deliveries.
FRAMES_PER_POLL = 500


class AmqpSession(BrokerSession):
    """One AMQP connection with one channel in confirm mode."""

    def __init__(
        self, url: str, name: str, ca_file: str | None, waker: Waker, *, declares: bool = True
    ) -> None:
        self._waker = waker
        self._declares = declares
        self._declaration: Declaration | None = None
        self._blocked = False
        self._window: OrderedDict[int, tuple[str, OutgoingMessage]] = OrderedDict()
        self._returned: set[str] = set()
        self._unsettled: dict[int, None] = {}
        self._sequence = itertools.count(1)
        self._consumers: list[kombu.Consumer] = []
        install()
        self._connection = kombu.Connection(
            url,
            heartbeat=HEARTBEAT,
            connect_timeout=IO_TIMEOUT,
            ssl=_tls(url, ca_file),
            transport_options={
                "on_blocked": self._on_blocked,
                "on_unblocked": self._on_unblocked,
                "client_properties": {"connection_name": name},
                "read_timeout": IO_TIMEOUT,
                "write_timeout": IO_TIMEOUT,
            },
        )
        self.errors = (*self._connection.connection_errors, *self._connection.channel_errors)
        try:
            self._connect()
        except self.errors as error:
            self._connection.collect()
            raise ConnectionError(f"{self._connection.as_uri()}: {error!r}") from error

    def _connect(self) -> None:
        # Its public `connect` tries twice, with a pause of 2 s that a stop cannot interrupt.
        self._connection._ensure_connection(max_retries=0, reraise_as_library_errors=False)  # noqa: SLF001 - as above
        self._amqp = self._connection.connection
        self._amqp.transport.sock.settimeout(IO_TIMEOUT)
        self._channel = self._connection.channel()
        if self._declares:
            self._declaration = Declaration(self._connection.channel())
            self.created = self._declaration.declare()
        elif not is_declared(self._channel):
            raise ConnectionError("no queue yet; the API creates it at its start")
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        transport = self._amqp.transport
        self._ahead = transport._quick_recv = ReadAhead(transport._quick_recv)  # noqa: SLF001 - py-amqp has no other place for it
        self._behind = WriteBehind(transport.write)
        self._readiness = Readiness(self._amqp.sock, self._waker)

    def subscribe(
        self, subscriptions: Sequence[Subscription], on_received: Callable[[ReceivedMessage], None]
    ) -> None:
        for subscription in subscriptions:
            queue = subscription.queue(self._channel)
            if queue.exclusive:
                # The broker keeps a name locked until it notices the death of its connection.
                queue.name = f"{queue.name}.{uuid.uuid4().hex[:8]}"
                queue.declare()
            # RabbitMQ applies a count without `global` to each consumer started after it.
            self._channel.basic_qos(0, subscription.prefetch, False)
            receive = partial(self._receive, subscription, on_received)
            consumer = kombu.Consumer(
                self._channel,
                [queue],
                auto_declare=False,
                on_message=receive,
                # The receiver refuses a malformed message, as it does any broken one.
                on_decode_error=lambda message, _error, receive=receive: receive(message),
                no_ack=subscription.no_ack,
            )
            try:
                consumer.consume()
            except (AccessRefused, NotFound) as error:
                if queue.name not in topology.OPTIONAL_NAMES:
                    raise
                raise QueueUnavailable(_advice(queue.name, error)) from error
            self._consumers.append(consumer)

    def unsubscribe(self) -> None:
        for consumer in self._consumers:
            consumer.cancel()
        self._consumers.clear()

    def publish(self, message: OutgoingMessage) -> None:
        sequence = next(self._sequence)
        message_id = str(sequence)
        frames = publish_frames(
            self._channel.channel_id,
            self._amqp.frame_max,
            (message.exchange, message.routing_key),
            message_id,
            message.headers,
            message.body,
        )
        self._behind.write(frames)
        self._window[sequence] = (message_id, message)

    @property
    def unconfirmed(self) -> int:
        return len(self._window)

    @property
    def blocked(self) -> bool:
        return self._blocked

    def ack(self, tags: Sequence[Any]) -> None:
        settled = set(tags)
        through = None
        while self._unsettled and (first := next(iter(self._unsettled))) in settled:
            del self._unsettled[first]
            settled.discard(first)
            through = first
        channel = self._channel.channel_id
        if through is not None:
            self._behind.write(ack_frame(channel, through, multiple=True))
        for tag in settled:
            del self._unsettled[tag]
            self._behind.write(ack_frame(channel, tag, multiple=False))

    def requeue(self, tag: Any) -> None:
        del self._unsettled[tag]
        self._channel.basic_reject(tag, requeue=True)

    def depth(self, queue: str) -> Depth | None:
        if self._declaration and not self._declaration.ensure(queue):
            return None
        answer = self._channel.queue_declare(queue, passive=True)
        return Depth(answer.message_count, answer.consumer_count)

    def poll(self) -> None:
        self._behind.flush()
        if not self._ahead:
            self._readiness.wait(POLL_TIMEOUT)
        self._waker.clear()
        for _ in range(FRAMES_PER_POLL):
            if not self._ahead and not self._readiness.readable():
                break
            # One frame. drain_events would wait for a second one after each heartbeat.
            self._amqp.blocking_read(timeout=IO_TIMEOUT)
        self._amqp.heartbeat_tick()

    def close(self, *, orderly: bool) -> list[OutgoingMessage]:
        lost = [message for _, message in self._window.values()]
        self._window.clear()
        self._readiness.close()
        try:
            if orderly:
                self._behind.flush()  # of the last acks
                self._connection.close()
        except Exception as error:  # noqa: BLE001 - py-amqp raises many types; the end is the same
            logger.info("broker connection: close failed (%r); it is dropped", error)
        self._connection.collect()
        return lost

    def _receive(
        self,
        subscription: Subscription,
        on_received: Callable[[ReceivedMessage], None],
        message: kombu.Message,
    ) -> None:
        if not subscription.no_ack:
            self._unsettled[message.delivery_tag] = None
        headers = dict(message.headers or {})
        # A quorum queue counts failed deliveries. The first delivery has no such header.
        deliveries = headers.get("x-delivery-count")
        deliveries = deliveries if isinstance(deliveries, int) else 0
        queue = subscription.queue.name
        on_received(
            ReceivedMessage(message.delivery_tag, queue, _body_bytes(message), headers, deliveries)
        )

    def _on_ack(self, sequence: int, multiple: bool) -> None:
        for message_id, message in self._settled(sequence, multiple):
            was_returned = message_id in self._returned
            self._returned.discard(message_id)
            message.settle(not was_returned)

    def _on_nack(self, sequence: int, multiple: bool) -> None:
        for message_id, message in self._settled(sequence, multiple):
            self._returned.discard(message_id)
            message.settle(False)

    def _settled(self, sequence: int, multiple: bool) -> list[tuple[str, OutgoingMessage]]:
        if not multiple:
            one = self._window.pop(sequence, None)
            return [one] if one else []
        settled = []
        while self._window and next(iter(self._window)) <= sequence:
            settled.append(self._window.popitem(last=False)[1])
        return settled

    def _on_return(self, _error: object, _exchange: str, _key: str, message: Any) -> None:
        # The broker returns an unroutable message first, and then confirms it.
        self._returned.add(message.properties["message_id"])

    def _on_blocked(self, _reason: str) -> None:
        self._blocked = True

    def _on_unblocked(self) -> None:
        self._blocked = False


def _advice(queue: str, refusal: AccessRefused | NotFound) -> str:
    """Explain how an optional queue becomes available."""
    if isinstance(refusal, NotFound):
        return f"{refusal.reply_text}; an API of this release declares it"
    service = topology.READER_OF[queue]
    read = topology.RIGHTS[service].read
    return f"{refusal.reply_text}; grant the user of the {service} the right {read} to read"


def _body_bytes(message: kombu.Message) -> bytes:
    """The body as it was sent. kombu gives text if the sender named an encoding."""
    body = message.body
    return body if isinstance(body, bytes) else str(body).encode()


def _tls(url: str, ca_file: str | None) -> dict[str, Any] | None:
    """TLS for an `amqps` URL: the broker's certificate must match its name, by these CAs."""
    parts = urlsplit(url)
    if parts.scheme != "amqps":
        return None
    # A final dot excludes search domains. Certificates have names without it.
    name = (parts.hostname or "").rstrip(".")
    return {"ca_certs": ca_file, "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": name}
