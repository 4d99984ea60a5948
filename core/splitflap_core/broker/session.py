"""What a link asks of one connection to a broker, whatever the broker is.

A session belongs to the thread that made it. Only `Waker.wake` may be called from others.
"""

import contextlib
import logging
import selectors
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import kombu

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class OutgoingMessage:
    """A message to publish.

    `settled` is called once, in the link's thread (or the caller's, where the link is down):
    with True when the broker has taken the message, with False when it did not or may not have.
    It must not raise.
    """

    exchange: str
    routing_key: str
    body: bytes
    settled: Callable[[bool], None]
    headers: dict[str, Any] = field(default_factory=dict)

    def settle(self, sent: bool) -> None:
        """Say what became of it. Where that raises, the other messages are settled all the same."""
        try:
            self.settled(sent)
        except Exception:
            logger.exception("a message to %s was settled, and that failed", self.exchange)


@dataclass(frozen=True)
class Subscription:
    """A queue to consume, and how many of its messages may be unsettled at a time.

    With `no_ack` a message is settled by being sent; it is neither acked nor given back.
    """

    queue: kombu.Queue
    prefetch: int
    no_ack: bool = False


@dataclass(slots=True)
class ReceivedMessage:
    """A message as the broker hands it over. `deliveries` counts earlier tries to deliver it."""

    tag: Any
    queue: str
    body: bytes
    headers: dict[str, Any]
    deliveries: int


def body_bytes(message: kombu.Message) -> bytes:
    """The body as it was sent; kombu gives text where the sender named an encoding."""
    body = message.body
    return body if isinstance(body, bytes) else str(body).encode()


@dataclass(frozen=True)
class Depth:
    """What a queue holds, without what was delivered and is not settled."""

    ready: int
    #: None where the broker does not know.
    consumers: int | None


class Waker:
    """Interrupts the wait of a session from another thread."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._awake = False

    def wake(self) -> None:
        """End the present wait, or the next one."""
        if not self._awake:
            self._awake = True
            with contextlib.suppress(BlockingIOError, OSError):
                self._writer.send(b"\0")

    def wait(self, timeout: float) -> None:
        """Wait for a wake-up, at most `timeout` seconds."""
        self._reader.settimeout(timeout)
        with contextlib.suppress(TimeoutError, BlockingIOError):
            self._reader.recv(4096)
        self._reader.setblocking(False)

    def clear(self) -> None:
        """Forget the wake-ups so far. What they announced is to be looked at after this."""
        # One look: there are as many bytes as wake-ups that have met here, two at most.
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)
        self._awake = False

    def fileno(self) -> int:
        """The descriptor that becomes readable."""
        return self._reader.fileno()

    def close(self) -> None:
        """Give the descriptors back."""
        self._reader.close()
        self._writer.close()


class SocketReadiness:
    """Waits for a socket and a waker at once."""

    def __init__(self, source: socket.socket, waker: Waker) -> None:
        self._source = source
        self._either = selectors.DefaultSelector()
        self._either.register(source, selectors.EVENT_READ)
        self._either.register(waker, selectors.EVENT_READ)
        # Of two sources that are ready, eventlet's select names one; so this asks for one.
        self._alone = selectors.DefaultSelector()
        self._alone.register(source, selectors.EVENT_READ)

    def wait(self, timeout: float) -> None:
        """Return when the socket is readable, after a wake-up, or after `timeout` seconds."""
        if not self._has_decrypted():
            self._either.select(timeout)

    def readable(self) -> bool:
        """Whether the socket is readable now."""
        return self._has_decrypted() or bool(self._alone.select(0))

    def close(self) -> None:
        """Give the selectors back; the socket and the waker stay open."""
        self._either.close()
        self._alone.close()

    def _has_decrypted(self) -> bool:
        # TLS decrypts whole records: what is left of one is seen by no selector.
        return isinstance(self._source, ssl.SSLSocket) and self._source.pending() > 0


class BrokerSession(ABC):
    """One connection with one channel, the topology declared on it."""

    #: Exceptions that mean that the connection or channel is of no more use.
    errors: tuple[type[BaseException], ...] = (OSError,)

    @abstractmethod
    def subscribe(
        self, subscriptions: Sequence[Subscription], on_received: Callable[[ReceivedMessage], None]
    ) -> None:
        """Start to consume; `on_received` is called during `poll`."""

    @abstractmethod
    def unsubscribe(self) -> None:
        """Consume no more. What was delivered can still be settled."""

    @abstractmethod
    def publish(self, message: OutgoingMessage) -> None:
        """Hand a message to the broker without waiting for its answer."""

    @property
    @abstractmethod
    def unconfirmed(self) -> int:
        """Messages that were published and are not settled."""

    @property
    def blocked(self) -> bool:
        """Whether the broker asks publishers to stop (a resource alarm)."""
        return False

    @abstractmethod
    def ack(self, tags: Sequence[Any]) -> None:
        """Settle deliveries for good."""

    @abstractmethod
    def requeue(self, tag: Any) -> None:
        """Give a delivery back to its queue."""

    @abstractmethod
    def depth(self, queue: str) -> Depth:
        """Ask the broker what one of the topology's queues holds, and wait for its answer."""

    @abstractmethod
    def poll(self) -> None:
        """Wait for the broker or the link's waker, at most a second, and handle what came."""

    @abstractmethod
    def close(self, *, orderly: bool) -> list[OutgoingMessage]:
        """Close the connection; returns what was published and never confirmed.

        `orderly` takes leave of the broker, which takes a network time-out where it is gone.
        """
