"""The rights of each service's user on RabbitMQ are the least that it needs."""

from dataclasses import asdict

import kombu
import pytest
from kombu import Queue
from splitflap_core import topology
from splitflap_core.broker import (
    BrokerBackend,
    Depth,
    Subscription,
    backend_for,
    declaration,
    link,
)
from splitflap_core.broker.waker import Waker
from splitflap_core.definitions import definitions
from splitflap_core.settings import CommonSettings

from tests.servers.rabbitmq import RabbitMq
from tests.support.peer import Peer

from .conftest import MakePeer, Vhost

pytestmark = pytest.mark.servers

#: A password with characters to escape in URLs and in JSON.
PASSWORD = 'p@ss/w:rd"%#'

_OLD_ALL = r"^(jobs|render|scrape|results|dead|events(\..+)?)$"

#: The rights of the API in the release before the express queues.
OLD_API = topology.Rights(_OLD_ALL, _OLD_ALL, _OLD_ALL)


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


def worker(service: str, vhost: Vhost, make_peer: MakePeer, name: str | None = None) -> Peer:
    """A peer for a worker: it reads one of its own queues, and declares nothing."""
    name = name or {"scraper": "scrape", "renderer": "render"}[service]
    [queue] = [each for each in topology.QUEUES if each.name == name]
    return make_peer(
        broker_of(service, vhost), Subscription(queue, 10), acks=True, name=service, declares=False
    )


def grant(vhost: Vhost, service: str, rights: topology.Rights) -> None:
    """Give the service's user other rights."""
    granted = {"user": f"the-{service}", "vhost": vhost.name, **asdict(rights)}
    vhost.server.import_definitions({"permissions": [granted]})


@pytest.mark.parametrize(("service", "kind"), [("scraper", "scrape"), ("renderer", "render")])
@pytest.mark.parametrize("suffix", ["", ".express"], ids=["normal", "express"])
def test_each_service_has_the_rights_for_its_work(
    api: Peer, vhost: Vhost, make_peer: MakePeer, service: str, kind: str, suffix: str
) -> None:
    """A job, an outcome, a dead letter and a wake-up arrive."""
    peer = worker(service, vhost, make_peer, kind + suffix).started()
    api.publish(b"job", key=kind + suffix)
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


def test_the_api_replaces_a_queue_of_another_release(vhost: Vhost, make_peer: MakePeer) -> None:
    """The exclusive queue that locks the replacement needs rights too."""
    [queue] = [each for each in topology.QUEUES if each.name == "render"]
    url = f"amqp://127.0.0.1:{vhost.server.port}/{vhost.name}"
    with kombu.Connection(url, userid="the-api", password=PASSWORD) as connection:
        arguments = {**queue.queue_arguments, "x-message-ttl": 1000}
        connection.default_channel.queue_declare(
            "render", durable=True, auto_delete=False, arguments=arguments
        )
    vhost.server.wait_for_dead_lettering()
    peer = make_peer(broker_of("api", vhost)).started()
    assert "render" in peer.created[0]


def test_an_api_with_the_rights_of_the_last_release_goes_without_express_queues(
    vhost: Vhost,
    make_peer: MakePeer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log names the rights. Once they are granted, the API declares the queues by itself."""
    grant(vhost, "api", OLD_API)
    monkeypatch.setattr(declaration, "DECLARE_AGAIN_AFTER", 0.0)
    declaration._warn_once.cache_clear()
    api = make_peer(broker_of("api", vhost)).started()
    assert api.created == [frozenset({"render", "scrape", "results", "dead"})]
    assert topology.RIGHTS["api"].configure in caplog.text
    worker("renderer", vhost, make_peer).started()
    api.send(b"job")
    waker = Waker()
    session = broker_of("api", vhost).opener("depths")(waker)
    assert session.depth("render.express") is None
    assert session.depth("render") is not None
    grant(vhost, "api", topology.RIGHTS["api"])
    assert session.depth("render.express") == Depth(0, 0)
    assert session.depth("render") is not None
    session.close(orderly=True)
    warnings = [each for each in caplog.messages if "may not declare" in each]
    assert len(warnings) == len(topology.OPTIONAL_NAMES), "one for each queue, over all sessions"


def test_a_worker_with_the_rights_of_the_last_release_gets_normal_jobs(
    api: Peer,
    vhost: Vhost,
    make_peer: MakePeer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log says once which right is missing. The worker notices the grant by itself."""
    monkeypatch.setattr(link, "UNAVAILABLE_AFTER", 0.3)
    grant(vhost, "renderer", topology.Rights("^$", "^(results|dead)$", "^render$"))
    express = worker("renderer", vhost, make_peer, "render.express")
    express.link.start()
    normal = worker("renderer", vhost, make_peer).started()
    express.wait(lambda: "tries again" in caplog.text, "the warning")
    assert f"the right {topology.RIGHTS['renderer'].read} to read" in caplog.text
    api.publish(b"normal")
    normal.receive(1)
    express.wait(lambda: len(express.created) > 3, "further tries")
    grant(vhost, "renderer", topology.RIGHTS["renderer"])
    api.publish(b"express", key="render.express")
    express.receive(1)
    assert sum("tries again" in each for each in caplog.messages) == 1


def test_a_worker_beside_an_api_of_the_last_release_gets_normal_jobs(
    vhost: Vhost,
    make_peer: MakePeer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That API declares no express queue. The next one does, and the worker notices it."""
    monkeypatch.setattr(link, "UNAVAILABLE_AFTER", 0.3)
    with monkeypatch.context() as old:
        old.setattr(topology, "QUEUES", topology.REQUIRED_QUEUES)
        api = make_peer(broker_of("api", vhost)).started()
    express = worker("renderer", vhost, make_peer, "render.express")
    express.link.start()
    normal = worker("renderer", vhost, make_peer).started()
    express.wait(lambda: "an API of this release declares it" in caplog.text, "the warning")
    api.publish(b"normal")
    normal.receive(1)
    make_peer(broker_of("api", vhost)).started()
    api.publish(b"express", key="render.express")
    express.receive(1)


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
