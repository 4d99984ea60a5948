"""RabbitMQ through kombu and py-amqp: publisher confirms in a window, quorum queues.

Three things are done here and not by py-amqp. Its own confirm takes any ack for the one it waits
for, so confirms are matched by sequence number. Its basic_publish reads from the socket with
time-out 0 before each message to look for a blocked connection, which the turn does anyway. And
what is sent and received is buffered (buffers.py).
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
from amqp.exceptions import NotFound

from splitflap_core import topology
from splitflap_core.broker.buffers import ReadAhead, WriteBehind
from splitflap_core.broker.frames import ack_frame, publish_frames
from splitflap_core.broker.session import (
    BrokerSession,
    Depth,
    OutgoingMessage,
    ReceivedMessage,
    SocketReadiness,
    Subscription,
    Waker,
    body_bytes,
)

logger = logging.getLogger(__name__)

#: Seconds between heartbeats. A dead peer is noticed after two of them.
HEARTBEAT = 10

#: Seconds for connecting, and for any one read or write once the socket is at work.
IO_TIMEOUT = 5.0

#: Seconds that a turn waits at most; heartbeats are looked after once a turn.
TURN = 1.0

#: Frames handled in one turn, so that a flood of deliveries cannot keep acks and publishes out.
FRAMES_PER_TURN = 500


class AmqpSession(BrokerSession):
    """One AMQP connection with one channel in confirm mode."""

    def __init__(
        self, url: str, name: str, ca_file: str | None, waker: Waker, *, declares: bool = True
    ) -> None:
        self._waker = waker
        self._declares = declares
        self._blocked = False
        self._window: OrderedDict[int, tuple[str, OutgoingMessage]] = OrderedDict()
        self._returned: set[str] = set()
        self._unsettled: dict[int, None] = {}
        self._sequence = itertools.count(1)
        self._consumers: list[kombu.Consumer] = []
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
        # Its public `connect` tries twice, with a pause of 2 s in which nothing can be stopped.
        self._connection._ensure_connection(max_retries=0, reraise_as_library_errors=False)  # noqa: SLF001 - as above
        self._amqp = self._connection.connection
        self._amqp.transport.sock.settimeout(IO_TIMEOUT)
        self._channel = self._connection.channel()
        if self._declares or not self._is_declared():
            self._declare()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        transport = self._amqp.transport
        self._ahead = transport._quick_recv = ReadAhead(transport._quick_recv)  # noqa: SLF001 - py-amqp has no other place for it
        self._behind = WriteBehind(transport.write)
        self._readiness = SocketReadiness(self._amqp.sock, self._waker)

    def _is_declared(self) -> bool:
        """Whether all is there. What exists may be looked at without the right to declare it."""
        try:
            for exchange in topology.EXCHANGES:
                exchange(self._channel).declare(passive=True)
            for queue in topology.QUEUES:
                queue(self._channel).queue_declare(passive=True)
        except NotFound:  # and the channel is closed
            self._channel = self._connection.channel()
            return False
        return True

    def _declare(self) -> None:
        for exchange in topology.EXCHANGES:
            exchange(self._channel).declare()
        for queue in topology.QUEUES:
            queue(self._channel).declare()

    def subscribe(
        self, subscriptions: Sequence[Subscription], on_received: Callable[[ReceivedMessage], None]
    ) -> None:
        for subscription in subscriptions:
            queue = subscription.queue(self._channel)
            if queue.exclusive:
                # Its name is locked until the broker has noticed that the last connection is dead.
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
                # What cannot even be unpacked is for its receiver to refuse, as all that is broken.
                on_decode_error=lambda message, _error, receive=receive: receive(message),
                no_ack=subscription.no_ack,
            )
            consumer.consume()
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

    def depth(self, queue: str) -> Depth:
        answer = self._channel.queue_declare(queue, passive=True)
        return Depth(answer.message_count, answer.consumer_count)

    def poll(self) -> None:
        self._behind.flush()
        if not self._ahead:
            self._readiness.wait(TURN)
        self._waker.clear()
        for _ in range(FRAMES_PER_TURN):
            if not self._ahead and not self._readiness.readable():
                break
            # One frame; drain_events would wait for another one after each heartbeat.
            self._amqp.blocking_read(timeout=IO_TIMEOUT)
        self._amqp.heartbeat_tick()

    def close(self, *, orderly: bool) -> list[OutgoingMessage]:
        lost = [message for _, message in self._window.values()]
        self._window.clear()
        self._readiness.close()
        try:
            if orderly:
                self._behind.flush()  # the last acks
                self._connection.close()
        except Exception as error:  # noqa: BLE001 - py-amqp raises much, and it is over anyway
            logger.info("closing the connection: %r", error)
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
        # A quorum queue counts the deliveries that failed; the first one has no such header.
        deliveries = headers.get("x-delivery-count")
        deliveries = deliveries if isinstance(deliveries, int) else 0
        queue = subscription.queue.name
        on_received(
            ReceivedMessage(message.delivery_tag, queue, body_bytes(message), headers, deliveries)
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
        # The broker returns an unroutable message before it confirms it.
        self._returned.add(message.properties["message_id"])

    def _on_blocked(self, _reason: str) -> None:
        self._blocked = True

    def _on_unblocked(self) -> None:
        self._blocked = False


def _tls(url: str, ca_file: str | None) -> dict[str, Any] | None:
    """How an `amqps` broker is checked: by these CAs, or the system's, and by its name."""
    parts = urlsplit(url)
    if parts.scheme != "amqps":
        return None
    # A final dot says that no search domain is meant; certificates are written without it.
    name = (parts.hostname or "").rstrip(".")
    return {"ca_certs": ca_file, "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": name}
