"""The rights of each service's user on RabbitMQ are the least that it needs."""

import pytest
from kombu import Queue
from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, Subscription, backend_for
from splitflap_core.definitions import definitions
from splitflap_core.settings import CommonSettings

from tests.servers.rabbitmq import RabbitMq
from tests.support.peer import Peer

from .conftest import MakePeer, Vhost

pytestmark = pytest.mark.servers

#: A password with characters to escape in URLs and in JSON.
PASSWORD = 'p@ss/w:rd"%#'


@pytest.fixture
def vhost(rabbitmq_server: RabbitMq) -> Vhost:
    """The virtual host of the definitions, with its users, without a topology."""
    environ = {"SPLITFLAP_VHOST": "rights"}
    for service in topology.RIGHTS:
        environ[f"SPLITFLAP_{service.upper()}_USER"] = f"the-{service}"
        environ[f"SPLITFLAP_{service.upper()}_PASSWORD"] = PASSWORD
    rabbitmq_server.delete_vhost("rights")
    rabbitmq_server.import_definitions(definitions(environ))
    return Vhost(rabbitmq_server, "rights")


def broker_of(service: str, vhost: Vhost) -> BrokerBackend:
    """The broker, for a service's user."""
    url = f"amqp://127.0.0.1:{vhost.server.port}/{vhost.name}"
    user = f"the-{service}"
    return backend_for(CommonSettings(broker_url=url, broker_user=user, broker_password=PASSWORD))


@pytest.fixture
def api(vhost: Vhost, make_peer: MakePeer) -> Peer:
    """A peer for the API: it declares, reads results and dead letters, and gets wake-ups."""
    subscriptions = (
        Subscription(topology.RESULTS_QUEUE, 10),
        Subscription(topology.DEAD_QUEUE, 10),
        Subscription(topology.wake_up_queue("replica"), 10),
    )
    return make_peer(broker_of("api", vhost), *subscriptions, acks=True).started()


def worker(service: str, vhost: Vhost, make_peer: MakePeer) -> Peer:
    """A peer for a worker: it reads its own queue, and declares nothing."""
    queue = topology.JOB_QUEUES["scrape"] if service == "scraper" else topology.JOB_QUEUES["render"]
    return make_peer(
        broker_of(service, vhost), Subscription(queue, 10), acks=True, name=service, declares=False
    )


@pytest.mark.parametrize(("service", "kind"), [("scraper", "scrape"), ("renderer", "render")])
def test_each_service_has_the_rights_for_its_work(
    api: Peer, vhost: Vhost, make_peer: MakePeer, service: str, kind: str
) -> None:
    """A job, an outcome, a dead letter and a wake-up arrive."""
    peer = worker(service, vhost, make_peer).started()
    api.publish(b"job", key=kind)
    peer.receive(1)
    peer.publish(b"outcome", exchange="results", key="results")
    peer.publish(b"dead", exchange="dead", key=kind)
    api.publish(b"wake", exchange="events", key="")
    api.receive(3)
    assert sorted(api.bodies) == [b"dead", b"outcome", b"wake"]


def test_a_worker_without_a_topology_waits_for_the_api(
    vhost: Vhost, make_peer: MakePeer, request: pytest.FixtureRequest
) -> None:
    """The worker has no right to declare the queues."""
    peer = worker("renderer", vhost, make_peer)
    peer.link.start()
    api = request.getfixturevalue("api")
    peer.wait(lambda: peer.link.up, "the worker's link")
    api.publish(b"job")
    peer.receive(1)


@pytest.mark.parametrize(
    ("service", "exchange", "queue"),
    [
        ("scraper", "jobs", topology.JOB_QUEUES["render"]),
        ("renderer", "events", topology.JOB_QUEUES["scrape"]),
        ("scraper", "events", topology.RESULTS_QUEUE),
        ("renderer", "jobs", topology.DEAD_QUEUE),
    ],
)
@pytest.mark.usefixtures("api")
def test_a_worker_cannot_publish_jobs_or_read_other_queues(
    vhost: Vhost,
    make_peer: MakePeer,
    caplog: pytest.LogCaptureFixture,
    service: str,
    exchange: str,
    queue: Queue,
) -> None:
    """The broker refuses both."""
    spy = make_peer(broker_of(service, vhost), Subscription(queue, 1), declares=False)
    spy.link.start()
    refused = f"queue '{queue.name}' in vhost 'rights' refused"
    spy.wait(lambda: refused in caplog.text, "the refusal to read")
    assert spy.deliveries == []
    maker = make_peer(broker_of(service, vhost), declares=False).started()
    maker.publish(b"forged", exchange=exchange)
    forbidden = f"exchange '{exchange}' in vhost 'rights' refused"
    maker.wait(lambda: forbidden in caplog.text, "the refusal to write")
    assert maker.sent == []
