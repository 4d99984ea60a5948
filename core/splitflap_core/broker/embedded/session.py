"""The embedded broker: a message is a file, and a queue is a folder (folders.py).

A delivery moves the file into the session's own folder, an ack removes it, and a requeue moves it
back. So the broker keeps each message until it is acked, as RabbitMQ does. If a session's process
is killed, another session gives its messages back.
"""

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from splitflap_core import topology
from splitflap_core.broker.embedded import folders, message_file
from splitflap_core.broker.embedded.folder_watch import FolderWatch
from splitflap_core.broker.embedded.inotify import CLOSE_WRITE, IGNORED, MOVED_TO
from splitflap_core.broker.messages import (
    Depth,
    OutgoingMessage,
    ReceivedMessage,
    Subscription,
)
from splitflap_core.broker.session import BrokerSession
from splitflap_core.broker.waker import Waker

logger = logging.getLogger(__name__)

#: Seconds between two searches for killed sessions.
SEARCH_EVERY = 1.0

#: Seconds from the close of a lock file until a search. The kernel reports the close before it
#: frees the lock.
LOCK_IS_FREE_AFTER = 0.02

#: Seconds between two log lines about failed publishing.
REPORT_EVERY = 10.0

#: Deliveries handled in one poll. The limit lets acks and publishes through a flood of deliveries.
MESSAGES_PER_POLL = 100


@dataclass
class _Consumer:
    """A consumed queue. `held` has the names of its unsettled messages."""

    queue: str
    prefetch: int
    on_received: Callable[[ReceivedMessage], None]
    held: set[str]
    #: Names of the queue, in order, that were listed and not yet taken.
    listed: deque[str] = field(default_factory=deque)
    #: Whether messages may have come since the queue was listed.
    changed: bool = True


class EmbeddedSession(BrokerSession):
    """The embedded broker as a session. A written message counts as confirmed."""

    def __init__(self, root: Path, name: str, waker: Waker, *, declares: bool = True) -> None:
        """`root` is the broker's folder, and `name` begins the name of the session's folder."""
        self._declares = declares
        self._root = root
        self._waker = waker
        self._consumers: list[_Consumer] = []
        #: The unsettled messages of each queue. They outlive a consumer.
        self._held: dict[str, set[str]] = {queue.name: set() for queue in topology.QUEUES}
        self._unreadable: set[Path] = set()
        self._more = False
        self._scan_at = self._search_at = self._report_at = 0.0
        self.created = frozenset(filter(self._make, self._held))
        self._order = max(map(self._newest, self._held))
        self._folder = folders.SessionFolder(self._root, name)
        self._watch = FolderWatch(waker)
        self._watch.add(self._folder.of_all, CLOSE_WRITE)

    def subscribe(
        self, subscriptions: Sequence[Subscription], on_received: Callable[[ReceivedMessage], None]
    ) -> None:
        for each in subscriptions:
            queue = each.queue.name
            self._folder.add_consumer(queue)
            self._watch.add(self._queue(queue), MOVED_TO)
            held = self._held[queue]
            self._consumers.append(_Consumer(queue, each.prefetch, on_received, held))
        self._more = True

    def unsubscribe(self) -> None:
        for consumer in self._consumers:
            self._folder.remove_consumer(consumer.queue)
        self._consumers.clear()

    def publish(self, message: OutgoingMessage) -> None:
        content = message_file.encode(message.headers, message.body)
        queues = _routed(message.exchange, message.routing_key)
        try:
            for queue in queues:
                self._put(queue, content)
        except OSError as error:
            self._report_refusal(error)
            message.settle(False)
        else:
            message.settle(bool(queues))

    @property
    def unconfirmed(self) -> int:
        return 0

    def ack(self, tags: Sequence[tuple[str, str]]) -> None:
        for queue, name in tags:
            self._held[queue].discard(name)
            self._folder.held(queue, name).unlink(missing_ok=True)

    def requeue(self, tag: tuple[str, str]) -> None:
        queue, name = tag
        self._held[queue].discard(name)
        with contextlib.suppress(FileNotFoundError):
            self._folder.held(queue, name).rename(self._queue(queue) / name)

    def depth(self, queue: str) -> Depth:
        if self._declares and folders.is_undeclared(self._queue(queue)):
            raise FileNotFoundError(f"the folder of the queue {queue} was removed and made again")
        self._search()
        ready = sum(1 for _ in folders.messages(self._queue(queue)))
        return Depth(ready, self._folder.consumers(queue))

    def poll(self) -> None:
        changes = self._watch.wait(self._longest_wait())
        self._waker.clear()
        if changes & IGNORED:
            raise FileNotFoundError("a folder of the broker was removed")
        now = time.monotonic()
        if changes & CLOSE_WRITE:
            self._search_at = min(self._search_at, now + LOCK_IS_FREE_AFTER)
        if changes & MOVED_TO or now >= self._scan_at:
            self._scan_at = now + self._watch.scan_every
            for consumer in self._consumers:
                consumer.changed = True
        if now >= self._search_at:
            self._search()
        self._deliver()

    def close(self, *, orderly: bool) -> list[OutgoingMessage]:  # noqa: ARG002 - one way to close
        self._watch.close()
        try:
            self._folder.close()
        except OSError as error:
            logger.warning(
                "embedded broker: messages were not given back (%s); another session does it", error
            )
        return []

    def _queue(self, queue: str) -> Path:
        return self._root / queue

    def _make(self, queue: str) -> bool:
        return folders.make_queue(self._queue(queue), declares=self._declares)

    def _newest(self, queue: str) -> int:
        return max(map(folders.order_of, folders.messages(self._queue(queue))), default=0)

    # -- publishing ------------------------------------------------------------------------------

    def _put(self, queue: str, content: bytes) -> None:
        """Add a message to a queue. It comes last, even if the clock was set back."""
        self._order = max(self._order + 1, time.time_ns())
        unfinished = self._folder.unfinished
        try:
            unfinished.write_bytes(content)
            unfinished.rename(self._queue(queue) / folders.new_name(self._order))
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise

    def _report_refusal(self, error: OSError) -> None:
        """Log a failed publish. Hundreds may follow while the disk is full."""
        if time.monotonic() >= self._report_at:
            self._report_at = time.monotonic() + REPORT_EVERY
            logger.warning("embedded broker: publish failed (%s); the senders retry", error)

    # -- delivering ------------------------------------------------------------------------------

    def _longest_wait(self) -> float:
        if self._more:
            return 0.0
        return max(0.0, min(self._scan_at, self._search_at) - time.monotonic())

    def _search(self) -> None:
        """Give back the messages of killed sessions."""
        self._search_at = time.monotonic() + SEARCH_EVERY
        if count := self._folder.give_back_of_dead():
            logger.warning(
                "embedded broker: %d messages of a killed process are delivered again",
                count,
            )

    def _deliver(self) -> None:
        left = MESSAGES_PER_POLL
        for consumer in self._consumers:
            while left and (received := self._take_next(consumer)):
                consumer.on_received(received)
                left -= 1
        self._more = not left

    def _take_next(self, consumer: _Consumer) -> ReceivedMessage | None:
        """The next message of a queue, or None if there is none, or the prefetch is used up."""
        while len(consumer.held) < consumer.prefetch and (name := self._next_name(consumer)):
            queue = consumer.queue
            content = self._taken(queue, name)
            if content is None:
                continue
            failed = folders.failed_deliveries(name)
            if failed > topology.DELIVERY_LIMIT:
                self._give_up(queue, name, content)
                continue
            consumer.held.add(name)
            headers, body = message_file.decode(content)
            return ReceivedMessage((queue, name), queue, body, headers, failed)
        return None

    def _next_name(self, consumer: _Consumer) -> str | None:
        if not consumer.listed and consumer.changed:
            consumer.changed = False
            consumer.listed.extend(sorted(folders.messages(self._queue(consumer.queue))))
        return consumer.listed.popleft() if consumer.listed else None

    def _taken(self, queue: str, name: str) -> bytes | None:
        """Read a message and move it to the held ones. None if another consumer was faster."""
        path = self._queue(queue) / name
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except PermissionError as error:
            self._report_unreadable(path, error)
            return None
        try:
            path.rename(self._folder.held(queue, name))
        except FileNotFoundError:
            if path.exists():
                raise  # this session's own folder was removed
            return None
        return content

    def _report_unreadable(self, path: Path, error: OSError) -> None:
        if path not in self._unreadable:
            self._unreadable.add(path)
            logger.error("embedded broker: a message is unreadable and stays there: %s", error)

    def _give_up(self, queue: str, name: str, content: bytes) -> None:
        """Dead-letter a message beyond the delivery limit, or drop a dead letter, as RabbitMQ does.

        It may have killed each of its consumers, and would do so again.
        """
        logger.error(
            "embedded broker: %s had more than %d failed deliveries in the queue %s; it is %s",
            name,
            topology.DELIVERY_LIMIT,
            queue,
            "dropped" if queue == topology.DEAD_QUEUE.name else "a dead letter now",
        )
        if queue != topology.DEAD_QUEUE.name:
            headers, body = message_file.decode(content)
            headers |= {"x-first-death-queue": queue, "x-first-death-reason": "delivery_limit"}
            self._put(topology.DEAD_QUEUE.name, message_file.encode(headers, body))
        self._folder.held(queue, name).unlink()


def _routed(exchange: str, routing_key: str) -> list[str]:
    """The queues of a message."""
    return [
        queue.name
        for queue in topology.QUEUES
        if queue.exchange.name == exchange
        and (queue.exchange.type == "fanout" or queue.routing_key == routing_key)
    ]
