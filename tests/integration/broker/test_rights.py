"""The rights of each service's user suffice for it, and for nothing more."""

import pytest
from kombu import Queue
from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, Subscription, backend_for
from splitflap_core.definitions import definitions
from splitflap_core.settings import CommonSettings

from tests.servers.rabbitmq import RabbitMq

from .conftest import MakePeer, Vhost
from .peer import Peer

pytestmark = pytest.mark.servers

#: One that would have to be quoted in a URL, and in JSON.
PASSWORD = 'p@ss/w:rd"%#'


@pytest.fixture
def vhost(rabbitmq_server: RabbitMq) -> Vhost:
    """The virtual host that the definitions make, with their users; nothing is declared in it."""
    environ = {"SPLITFLAP_VHOST": "rights"}
    for service in topology.RIGHTS:
        environ[f"SPLITFLAP_{service.upper()}_USER"] = f"the-{service}"
        environ[f"SPLITFLAP_{service.upper()}_PASSWORD"] = PASSWORD
    rabbitmq_server.delete_vhost("rights")
    rabbitmq_server.import_definitions(definitions(environ))
    return Vhost(rabbitmq_server, "rights")


def of(service: str, vhost: Vhost) -> BrokerBackend:
    """The broker as a service's user sees it."""
    url = f"amqp://127.0.0.1:{vhost.server.port}/{vhost.name}"
    user = f"the-{service}"
    return backend_for(CommonSettings(broker_url=url, broker_user=user, broker_password=PASSWORD))


@pytest.fixture
def api(vhost: Vhost, make_peer: MakePeer) -> Peer:
    """What the API does: it declares all, reads results and dead letters, and is woken."""
    subscriptions = (
        Subscription(topology.RESULTS_QUEUE, 10),
        Subscription(topology.DEAD_QUEUE, 10),
        Subscription(topology.wake_up_queue("replica"), 10),
    )
    return make_peer(of("api", vhost), *subscriptions, acks=True).started()


def worker(service: str, vhost: Vhost, make_peer: MakePeer) -> Peer:
    """What a worker does: it declares nothing, and reads its own queue."""
    queue = topology.SCRAPE_QUEUE if service == "scraper" else topology.RENDER_QUEUE
    return make_peer(
        of(service, vhost), Subscription(queue, 10), acks=True, name=service, declares=False
    )


@pytest.mark.parametrize(("service", "kind"), [("scraper", "scrape"), ("renderer", "render")])
def test_each_service_can_do_its_work(
    api: Peer, vhost: Vhost, make_peer: MakePeer, service: str, kind: str
) -> None:
    """A job there; an outcome, a dead letter and a wake-up back."""
    peer = worker(service, vhost, make_peer).started()
    api.publish(b"job", key=kind)
    peer.receive(1)
    peer.publish(b"outcome", exchange="results", key="results")
    peer.publish(b"dead", exchange="dead", key=kind)
    api.publish(b"wake", exchange="events", key="")
    api.receive(3)
    assert sorted(api.bodies) == [b"dead", b"outcome", b"wake"]


def test_a_worker_that_comes_first_waits_for_the_api(
    vhost: Vhost, make_peer: MakePeer, request: pytest.FixtureRequest
) -> None:
    """It may not declare; as soon as the API has, it works."""
    peer = worker("renderer", vhost, make_peer)
    peer.link.start()
    api = request.getfixturevalue("api")
    peer.wait(lambda: peer.link.up, "the worker's link")
    api.publish(b"job")
    peer.receive(1)


@pytest.mark.parametrize(
    ("service", "exchange", "queue"),
    [
        ("scraper", "jobs", topology.RENDER_QUEUE),
        ("renderer", "events", topology.SCRAPE_QUEUE),
        ("scraper", "events", topology.RESULTS_QUEUE),
        ("renderer", "jobs", topology.DEAD_QUEUE),
    ],
)
@pytest.mark.usefixtures("api")
def test_a_worker_can_neither_make_jobs_nor_read_others(
    vhost: Vhost,
    make_peer: MakePeer,
    caplog: pytest.LogCaptureFixture,
    service: str,
    exchange: str,
    queue: Queue,
) -> None:
    """The broker refuses both."""
    spy = make_peer(of(service, vhost), Subscription(queue, 1), declares=False)
    spy.link.start()
    refused = f"queue '{queue.name}' in vhost 'rights' refused"
    spy.wait(lambda: refused in caplog.text, "the refusal to read")
    assert spy.deliveries == []
    maker = make_peer(of(service, vhost), declares=False).started()
    maker.publish(b"forged", exchange=exchange)
    forbidden = f"exchange '{exchange}' in vhost 'rights' refused"
    maker.wait(lambda: forbidden in caplog.text, "the refusal to write")
    assert maker.sent == []
