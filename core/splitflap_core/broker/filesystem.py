"""The embedded broker: kombu's filesystem transport, with one folder per queue.

kombu's own channel has four faults here. It puts all queues into one folder, and lists the folder
for every message. A reader may take a half-written file. A process empties the file of the bindings
before it locks the file. This channel gives each queue a folder, and moves complete messages into
it by rename. The bindings come from the topology, which every process declares in memory.

The broker forgets a message at delivery. If the consumer dies, the message is lost, and the
reconciler publishes the job again.
"""

import contextlib
import logging
import time
import uuid
from base64 import b64decode
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any, Literal

import kombu
import msgspec
from kombu.exceptions import ChannelError
from kombu.transport import filesystem, virtual
from kombu.utils.json import dumps, loads

from splitflap_core import topology
from splitflap_core.broker.messages import (
    Depth,
    OutgoingMessage,
    ReceivedMessage,
    Subscription,
    body_bytes,
)
from splitflap_core.broker.session import BrokerSession
from splitflap_core.broker.waker import Waker

logger = logging.getLogger(__name__)

#: Seconds between two scans of the queues' folders. Measured with three processes: a delivery
#: takes 11 ms in the median, and 21 ms at the 99th percentile.
POLLING_INTERVAL = 0.02

#: Age of a hidden file, in seconds, after which a killed process must have left it.
LEFT_BEHIND_AFTER = 3600.0

#: Deliveries handled in one poll.
MESSAGES_PER_POLL = 100


class _Channel(filesystem.Channel):  # type: ignore[misc]  # kombu is untyped
    """kombu's channel, with complete messages in one folder per queue."""

    get_table = virtual.Channel.get_table

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._root = Path(self.data_folder_in)
        self._listed: dict[str, deque[str]] = defaultdict(deque)

    def _folder(self, queue: str) -> Path:
        return self._root / queue

    def _queue_bind(self, *_: Any) -> None:
        """Does nothing, because the transport's state has the bindings."""

    def deliver(self, content: Any, exchange: str, routing_key: str) -> bool:
        """Put a message into its queues. Returns whether there are any.

        Raises:
            ChannelError: the message cannot be written.
        """
        queues = self._lookup(exchange, routing_key)
        self._inplace_augment_message(content, exchange, routing_key)
        for queue in queues:
            self._put(queue, content)
        return bool(queues)

    def _new_queue(self, queue: str, **_: Any) -> None:
        self._folder(queue).mkdir(parents=True, exist_ok=True)

    def _put(self, queue: str, payload: Any, **_: Any) -> None:
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex}"
        unfinished = self._root / f".{name}"
        try:
            unfinished.write_text(dumps(payload), encoding="utf-8")
            unfinished.rename(self._folder(queue) / name)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise ChannelError(f"cannot write a message for {queue}: {error}") from error

    def _get(self, queue: str) -> Any:
        listed = self._listed[queue]
        if not listed:
            listed.extend(sorted(each.name for each in self._folder(queue).iterdir()))
        while listed:
            name = listed.popleft()
            taken = self._root / f".{name}"
            with contextlib.suppress(FileNotFoundError):  # another consumer was faster
                (self._folder(queue) / name).rename(taken)
                text = taken.read_text(encoding="utf-8", errors="replace")
                taken.unlink()
                return _payload(text, queue)
        raise Empty

    def _size(self, queue: str) -> int:
        return sum(1 for _ in self._folder(queue).iterdir())


class Transport(filesystem.Transport):  # type: ignore[misc]  # kombu is untyped
    """kombu's transport, with the channel above."""

    Channel = _Channel
    polling_interval = None

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        # kombu shares bindings among the connections of a process. Here each has its own.
        self.state = virtual.BrokerState()


class FilesystemSession(BrokerSession):
    """The embedded broker as a session. A written message counts as confirmed."""

    errors = (OSError, ChannelError, ValueError)

    def __init__(self, folder: Path, waker: Waker) -> None:
        self._waker = waker
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = kombu.Connection(
            transport=Transport,
            transport_options={"data_folder_in": str(folder), "data_folder_out": str(folder)},
        )
        self._channel = self._connection.channel()
        for queue in topology.QUEUES:
            queue(self._channel).declare()
        self._consumers: list[kombu.Consumer] = []
        _sweep(folder)

    def subscribe(
        self, subscriptions: Sequence[Subscription], on_received: Callable[[ReceivedMessage], None]
    ) -> None:
        # The virtual transport counts unsettled messages over all consumers of a channel.
        self._channel.basic_qos(0, sum(each.prefetch for each in subscriptions), False)
        for subscription in subscriptions:
            consumer = kombu.Consumer(
                self._channel,
                [subscription.queue],
                auto_declare=False,
                on_message=partial(self._receive, subscription.queue.name, on_received),
            )
            consumer.consume()
            self._consumers.append(consumer)

    def unsubscribe(self) -> None:
        for consumer in self._consumers:
            consumer.cancel()
        self._consumers.clear()

    def publish(self, message: OutgoingMessage) -> None:
        content = self._channel.prepare_message(
            message.body, content_type="application/json", headers=message.headers
        )
        try:
            sent = self._channel.deliver(content, message.exchange, message.routing_key)
        except ChannelError as error:
            logger.warning("embedded broker: publish failed (%s); the sender retries", error)
            sent = False
        message.settle(sent)

    @property
    def unconfirmed(self) -> int:
        return 0

    def ack(self, tags: Sequence[Any]) -> None:
        for tag in tags:
            self._channel.basic_ack(tag)

    def requeue(self, tag: Any) -> None:
        self._channel.basic_reject(tag, requeue=True)

    def depth(self, queue: str) -> Depth:
        return Depth(self._channel.queue_declare(queue, passive=True).message_count, None)

    def poll(self) -> None:
        self._waker.wait(POLLING_INTERVAL)
        self._waker.clear()
        with contextlib.suppress(TimeoutError, Empty):
            for _ in range(MESSAGES_PER_POLL):
                self._connection.drain_events(timeout=0)

    def close(self, *, orderly: bool) -> list[OutgoingMessage]:  # noqa: ARG002 - files need no farewell
        # kombu's own close would write unrestored messages into a pickle file.
        if lost := self._channel.qos.restore_unacked():
            logger.warning(
                "embedded broker: %d unsettled messages were not put back (%r); "
                "the reconciler publishes their jobs again",
                len(lost),
                lost[0][0],
            )
        self._connection.close()
        return []

    def _receive(
        self, queue: str, on_received: Callable[[ReceivedMessage], None], message: kombu.Message
    ) -> None:
        headers = dict(message.headers or {})
        on_received(ReceivedMessage(message.delivery_tag, queue, body_bytes(message), headers, 0))


def _sweep(folder: Path) -> None:
    """Remove the unfinished files of killed processes."""
    for path in folder.glob(".*"):
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            if path.is_file() and time.time() - path.stat().st_ctime > LEFT_BEHIND_AFTER:
                path.unlink()


class _Route(msgspec.Struct):
    exchange: str
    routing_key: str


class _Properties(msgspec.Struct):
    delivery_tag: str
    delivery_info: _Route
    body_encoding: Literal["base64"] | None = None


class _Message(msgspec.Struct):
    """The parts of a message's file that kombu needs."""

    body: Any
    properties: _Properties
    headers: dict[str, Any] = {}


def _payload(text: str, queue: str) -> Any:
    """A message's file in kombu's form. A malformed file becomes the body of a message."""
    try:
        payload = loads(text)
        message = msgspec.convert(payload, _Message)
        if message.properties.body_encoding:
            b64decode(message.body)
        if isinstance(message.body, str):
            message.body.encode()
        if message.properties.delivery_tag and "compression" not in message.headers:
            return payload
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    return {
        "body": text,
        "headers": {},
        "content-type": "application/octet-stream",
        "content-encoding": "utf-8",
        "properties": {
            "delivery_tag": uuid.uuid4().hex,
            "delivery_info": {"exchange": "", "routing_key": queue},
        },
    }
