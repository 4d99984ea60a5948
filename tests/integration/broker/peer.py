"""One side of the broker in a test: a link, what it received, what became of what it published."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from splitflap_core import topology
from splitflap_core.broker import (
    BrokerBackend,
    BrokerLink,
    Delivery,
    OutgoingMessage,
    Subscription,
    backend_for,
)
from splitflap_core.settings import CommonSettings

from tests.support import wait_until

#: Seconds that a test waits for what must happen.
PATIENCE = 20.0

RENDER = Subscription(topology.RENDER_QUEUE, prefetch=100)


def files(folder: Path) -> BrokerBackend:
    """The embedded broker in a folder."""
    return backend_for(CommonSettings(data_dir=str(folder)))


def rabbit(url: str, ca_file: str | None = None) -> BrokerBackend:
    """RabbitMQ at a URL."""
    return backend_for(CommonSettings(broker_url=url, broker_ca_file=ca_file))


class Peer:
    """A link that keeps its deliveries; `acks` settles them at once."""

    def __init__(
        self,
        backend: BrokerBackend,
        *subscriptions: Subscription,
        acks: bool = False,
        name: str = "peer",
        declares: bool = True,
    ) -> None:
        self.deliveries: list[Delivery] = []
        self.settled: list[tuple[bytes, bool]] = []
        self._acks = acks
        self.link = BrokerLink(
            name,
            backend.opener(name, declares=declares),
            subscriptions=subscriptions,
            on_delivery=self._take,
        )

    @property
    def bodies(self) -> list[bytes]:
        """What was received, in its order."""
        return [each.body for each in self.deliveries]

    @property
    def sent(self) -> list[bytes]:
        """What the broker has taken."""
        return [body for body, sent in self.settled if sent]

    @property
    def unsent(self) -> list[bytes]:
        """What the broker has not taken, or may not have."""
        return [body for body, sent in self.settled if not sent]

    def started(self) -> "Peer":
        """Itself, once it is connected."""
        self.link.start()
        self.wait(lambda: self.link.up, "a connection")
        return self

    def publish(self, *bodies: bytes, key: str = "render", exchange: str = "jobs") -> None:
        """Hand messages to the link."""
        for body in bodies:
            self.link.publish(OutgoingMessage(exchange, key, body, partial(self._settle, body)))

    def send(self, *bodies: bytes, key: str = "render") -> None:
        """Publish, and return once the broker has taken all of it."""
        self.publish(*bodies, key=key)
        self.wait(lambda: set(bodies) <= set(self.sent), "the confirms")

    def receive(self, count: int) -> Sequence[Delivery]:
        """The deliveries, once there are so many."""
        self.wait(lambda: len(self.deliveries) >= count, f"{count} deliveries")
        return self.deliveries

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Until the condition holds."""
        wait_until(condition, lambda: f"{what}; {self._report()}", PATIENCE)

    def _report(self) -> str:
        got = f"{len(self.sent)} sent, {len(self.unsent)} unsent, {len(self.deliveries)} received"
        return f"{got}; {self.link.ready()}; {self.link.alive()}"

    def _take(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        if self._acks:
            delivery.ack()

    def _settle(self, body: bytes, sent: bool) -> None:
        self.settled.append((body, sent))


def numbered(count: int) -> list[bytes]:
    """So many bodies, all different."""
    return [f"message {number}".encode() for number in range(count)]
