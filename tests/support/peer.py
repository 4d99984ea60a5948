"""One side of a broker in a test: a link, with its deliveries and the fate of its messages."""

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

#: The longest wait of a test, in seconds.
PATIENCE = 20.0

RENDER = Subscription(topology.JOB_QUEUES["render"], prefetch=100)


def embedded_broker(folder: Path) -> BrokerBackend:
    """The embedded broker in a folder."""
    return backend_for(CommonSettings(data_dir=str(folder)))


def rabbitmq_broker(url: str, ca_file: str | None = None) -> BrokerBackend:
    """RabbitMQ at a URL."""
    return backend_for(CommonSettings(broker_url=url, broker_ca_file=ca_file))


class Peer:
    """A link that records its deliveries. The option `acks` settles them at once."""

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
        #: The queues that each connect has created.
        self.created: list[frozenset[str]] = []
        self._acks = acks
        self.link = BrokerLink(
            name,
            backend.opener(name, declares=declares),
            subscriptions=subscriptions,
            on_delivery=self._take,
            on_up=self.created.append,
        )

    @property
    def bodies(self) -> list[bytes]:
        """The received bodies, in their order."""
        return [each.body for each in self.deliveries]

    @property
    def sent(self) -> list[bytes]:
        """The bodies settled as sent."""
        return [body for body, sent in self.settled if sent]

    @property
    def unsent(self) -> list[bytes]:
        """The bodies settled as not sent."""
        return [body for body, sent in self.settled if not sent]

    def started(self) -> "Peer":
        """Start the link, wait for its connection, and return this peer."""
        self.link.start()
        self.wait(lambda: self.link.up, "a connection")
        return self

    def publish(self, *bodies: bytes, key: str = "render", exchange: str = "jobs") -> None:
        """Publish messages, and return at once."""
        for body in bodies:
            self.link.publish(
                OutgoingMessage(exchange, key, body, partial(self.note_settled, body))
            )

    def send(self, *bodies: bytes, key: str = "render") -> None:
        """Publish messages, and wait for their confirms."""
        self.publish(*bodies, key=key)
        self.wait(lambda: set(bodies) <= set(self.sent), "the confirms")

    def receive(self, count: int) -> Sequence[Delivery]:
        """Wait for `count` deliveries in all, and return them."""
        self.wait(lambda: len(self.deliveries) >= count, f"{count} deliveries")
        return self.deliveries

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until the condition holds. A timeout reports the state of the peer."""
        wait_until(condition, lambda: f"{what}; {self._report()}", PATIENCE)

    def _report(self) -> str:
        got = f"{len(self.sent)} sent, {len(self.unsent)} unsent, {len(self.deliveries)} received"
        return f"{got}; {self.link.ready()}; {self.link.complaint()}"

    def _take(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        if self._acks:
            delivery.ack()

    def note_settled(self, body: bytes, sent: bool) -> None:
        """Record the fate of a message. `publish` registers this as the callback."""
        self.settled.append((body, sent))


def numbered(count: int) -> list[bytes]:
    """`count` different bodies."""
    return [f"message {number}".encode() for number in range(count)]
