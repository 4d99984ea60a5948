"""Messages, subscriptions and queue depths: the values that cross the broker's seam."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import kombu

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class OutgoingMessage:
    """A message to publish.

    The link calls `settled` once: with True after the broker has confirmed the message, with False
    if the message is lost, or this is unknown. The call comes from the link's thread, or from
    the publisher's if the link is down. It must not raise.
    """

    exchange: str
    routing_key: str
    body: bytes
    settled: Callable[[bool], None]
    headers: dict[str, Any] = field(default_factory=dict)

    def settle(self, sent: bool) -> None:
        """Call `settled`. An exception of the callback is logged, and ends here."""
        try:
            self.settled(sent)
        except Exception:
            logger.exception("a message to %s: its callback failed", self.exchange)


@dataclass(frozen=True)
class Subscription:
    """A queue to consume, with the limit of its unsettled messages.

    A subscription with `no_ack` needs no settlement: the broker settles each message as it sends
    it, and ignores `prefetch`.
    """

    queue: kombu.Queue
    prefetch: int
    no_ack: bool = False


@dataclass(slots=True)
class ReceivedMessage:
    """A message from the broker. `deliveries` counts the failed deliveries before this one."""

    tag: Any
    queue: str
    body: bytes
    headers: dict[str, Any]
    deliveries: int


@dataclass(frozen=True)
class Depth:
    """The messages in a queue, delivered and unsettled ones excluded."""

    ready: int
    consumers: int
