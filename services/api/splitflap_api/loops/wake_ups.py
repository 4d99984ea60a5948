"""Wake-ups to other replicas: empty messages after a commit."""

import time

from splitflap_core import topology
from splitflap_core.broker import BrokerLink, Delivery, OutgoingMessage

from splitflap_api.loops.loop import Duty, Loop

#: Seconds between two wake-ups at least.
WAKE_EVERY = 0.02

#: The header that names the sending replica.
SENDER = "splitflap-replica"


class WakeUps(Loop):
    """Publishes one wake-up for all the commits of the last WAKE_EVERY seconds."""

    def __init__(self, link: BrokerLink, replica: str) -> None:
        """A commit calls `wake`."""
        super().__init__("wake-ups", Duty("publish", self._publish), pause=None)
        self._link = link
        self._replica = replica

    def _publish(self) -> None:
        if self._link.up:
            self._link.publish(
                OutgoingMessage(
                    topology.EVENTS.name,
                    "",
                    b"{}",
                    lambda _sent: None,
                    {SENDER: self._replica},
                )
            )
        time.sleep(WAKE_EVERY)


def is_from(delivery: Delivery, replica: str) -> bool:
    """Whether this replica sent the wake-up: the fanout returns its own to it."""
    return bool(delivery.received.headers.get(SENDER) == replica)
