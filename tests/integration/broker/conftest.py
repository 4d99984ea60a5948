"""Both brokers, and peers that end with their test."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from splitflap_core.broker import BrokerBackend, Subscription

from tests.servers.rabbitmq import Depth, RabbitMq
from tests.support.peer import Peer, embedded_broker, rabbitmq_broker

MakePeer = Callable[..., Peer]

_vhosts = itertools.count(1)


@dataclass(frozen=True)
class Vhost:
    """A virtual host of one test."""

    server: RabbitMq
    name: str

    @property
    def url(self) -> str:
        """Its AMQP URL."""
        return self.server.vhost_url(self.name)

    def through(self, port: int) -> BrokerBackend:
        """The broker behind a proxy."""
        return rabbitmq_broker(self.server.vhost_url(self.name, port))

    @property
    def backend(self) -> BrokerBackend:
        """The broker, without a proxy."""
        return rabbitmq_broker(self.url)

    def depth(self, queue: str) -> Depth:
        """The messages in a queue."""
        return self.server.queue_depths(self.name)[queue]


@pytest.fixture
def vhost(rabbitmq_server: RabbitMq) -> Vhost:
    """A new virtual host."""
    name = f"broker-{next(_vhosts)}"
    rabbitmq_server.add_vhost(name)
    return Vhost(rabbitmq_server, name)


@pytest.fixture(params=["embedded", pytest.param("rabbitmq", marks=pytest.mark.servers)])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> BrokerBackend:
    """Each broker, empty."""
    if request.param == "embedded":
        return embedded_broker(tmp_path)
    vhost: Vhost = request.getfixturevalue("vhost")
    return vhost.backend


@pytest.fixture
def make_peer() -> Iterator[MakePeer]:
    """A factory of peers. The fixture stops them after the test."""
    peers: list[Peer] = []

    def make(backend: BrokerBackend, *subscriptions: Subscription, **options: object) -> Peer:
        peers.append(Peer(backend, *subscriptions, **options))  # type: ignore[arg-type]  # as it takes them
        return peers[-1]

    yield make
    for peer in peers:
        peer.link.stop(0.5)
