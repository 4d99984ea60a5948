"""A delivered message, and its settlement from any thread."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from splitflap_core.broker.messages import ReceivedMessage

Verb = Literal["ack", "requeue"]


class Settler(Protocol):
    """The link of a delivery."""

    def settle(self, generation: int, verb: Verb, tag: Any) -> None:
        """Queue a settlement. A settlement of an earlier connection is dropped."""


@dataclass(slots=True)
class Delivery:
    """A delivered message. It must be settled once; only the first call counts."""

    _link: Settler
    _generation: int
    received: ReceivedMessage
    _open: bool = True

    @property
    def body(self) -> bytes:
        """The message as it was sent."""
        return self.received.body

    @property
    def settled(self) -> bool:
        """Whether `ack` or `requeue` was called."""
        return not self._open

    def ack(self) -> None:
        """The work is done. After a lost connection this has no effect."""
        self._settle("ack")

    def requeue(self) -> None:
        """Give the message back to its queue. After a lost connection this has no effect."""
        self._settle("requeue")

    def _settle(self, verb: Verb) -> None:
        # RabbitMQ closes the channel, with all its deliveries, over a tag settled twice.
        if self._open:
            self._open = False
            self._link.settle(self._generation, verb, self.received.tag)
