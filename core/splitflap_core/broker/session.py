"""The seam to a broker: one connection, to either kind of broker.

A session belongs to the thread that made it. Other threads may call `Waker.wake` only.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from splitflap_core.broker.messages import (
    Depth,
    OutgoingMessage,
    ReceivedMessage,
    Subscription,
)


class QueueUnavailable(OSError):
    """The broker lacks this optional queue, or this user may not read it. The text says what to do.

    An older API has not declared the queue, or the user has the rights of an older release.
    """


class BrokerSession(ABC):
    """One connection with one channel. Its constructor connects and declares the topology."""

    #: Exceptions that mean a broken connection or channel.
    errors: tuple[type[BaseException], ...] = (OSError,)

    #: The queues that this session has created. Their earlier messages are lost.
    created: frozenset[str] = frozenset()

    @abstractmethod
    def subscribe(
        self, subscriptions: Sequence[Subscription], on_received: Callable[[ReceivedMessage], None]
    ) -> None:
        """Start to consume. `poll` calls `on_received` for each message.

        Raises:
            QueueUnavailable: this optional queue cannot be consumed. The session is over.
        """

    @abstractmethod
    def unsubscribe(self) -> None:
        """Stop to consume. Delivered messages can still be settled."""

    @abstractmethod
    def publish(self, message: OutgoingMessage) -> None:
        """Hand a message to the broker. The confirm comes later, in `poll`."""

    @property
    @abstractmethod
    def unconfirmed(self) -> int:
        """Published messages that wait for their confirm."""

    @property
    def blocked(self) -> bool:
        """Whether the broker blocks publishers (a resource alarm)."""
        return False

    @abstractmethod
    def ack(self, tags: Sequence[Any]) -> None:
        """Settle deliveries for good."""

    @abstractmethod
    def requeue(self, tag: Any) -> None:
        """Give a delivery back to its queue."""

    @abstractmethod
    def depth(self, queue: str) -> Depth | None:
        """Query the depth of a queue of the topology. Blocks until the answer.

        None: this is an optional queue, and the broker has refused to declare it.
        """

    @abstractmethod
    def poll(self) -> None:
        """Wait for the broker or the waker, at most a second, and handle all input."""

    @abstractmethod
    def close(self, *, orderly: bool) -> list[OutgoingMessage]:
        """Close the connection, and return the unconfirmed messages.

        With `orderly` it announces the close. If the broker is down, that takes a network timeout.
        """
