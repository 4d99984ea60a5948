"""The API declares the queues: it reports new ones, and replaces those of another release."""

import kombu
import pytest
from splitflap_core import topology
from splitflap_core.broker import BrokerBackend

from tests.support.peer import RENDER

from .conftest import MakePeer, Vhost

ALL = frozenset(queue.name for queue in topology.QUEUES)

#: The lifetime of a message in the queues of the first release, in milliseconds.
OLD_TTL = 3_600_000


def declare(vhost: Vhost, name: str, **arguments: object) -> None:
    """Declare a queue with other arguments, and put a message into it."""
    [queue] = [each for each in topology.QUEUES if each.name == name]
    with kombu.Connection(vhost.url) as connection:
        old = kombu.Queue(
            name,
            queue.exchange,
            routing_key=name,
            durable=True,
            queue_arguments={**queue.queue_arguments, **arguments},
        )
        old(connection.default_channel).declare()
        producer = kombu.Producer(connection)
        producer.publish(b"old", exchange=queue.exchange, routing_key=name)
    vhost.server.wait_for_dead_lettering()


def delete(vhost: Vhost, *names: str) -> None:
    """Delete queues, as an operator does."""
    with kombu.Connection(vhost.url) as connection:
        for name in names:
            connection.default_channel.queue_delete(name)


def test_a_session_reports_the_queues_that_it_creates(
    backend: BrokerBackend, make_peer: MakePeer
) -> None:
    """The messages before it are lost. A later session finds the queues."""
    assert make_peer(backend).started().created == [ALL]
    assert make_peer(backend).started().created == [frozenset()]


@pytest.mark.servers
def test_a_worker_leaves_the_creation_of_queues_to_the_api(
    vhost: Vhost, make_peer: MakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise the API would not learn that the earlier messages are lost."""
    backend = vhost.backend
    worker = make_peer(backend, RENDER, declares=False, acks=True)
    worker.link.start()
    worker.wait(lambda: "the API creates it" in caplog.text, "a refused connect")
    api = make_peer(backend).started()
    assert api.created == [ALL]
    worker.wait(lambda: worker.link.up, "the worker's link")
    assert worker.created == [frozenset()]
    api.send(b"job")
    worker.receive(1)


@pytest.mark.servers
def test_a_deleted_queue_is_created_and_reported(vhost: Vhost, make_peer: MakePeer) -> None:
    """The other queues keep their messages."""
    first = make_peer(vhost.backend).started()
    first.send(b"render")
    first.send(b"scrape", key="scrape")
    first.link.stop(5)
    delete(vhost, "render")
    assert make_peer(vhost.backend).started().created == [frozenset({"render"})]
    assert vhost.depth("scrape").ready == 1


@pytest.mark.servers
@pytest.mark.parametrize(
    "name", ["render", "scrape", "results", "render.express", "results.express"]
)
def test_a_queue_of_the_release_with_a_lifetime_is_replaced(
    vhost: Vhost, make_peer: MakePeer, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Its arguments are fixed. The log names the queue once, and the session reports it."""
    declare(vhost, name, **{"x-message-ttl": OLD_TTL})
    peer = make_peer(vhost.backend).started()
    assert peer.created == [ALL]
    assert [f"the queue {name} has the arguments" in each for each in caplog.messages].count(
        True
    ) == 1
    assert vhost.depth(name).ready == 0
    assert make_peer(vhost.backend).started().created == [frozenset()]


@pytest.mark.servers
def test_one_of_two_apis_replaces_a_queue(
    vhost: Vhost, make_peer: MakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    """The second one waits, finds the new queue, and leaves the messages in it."""
    declare(vhost, "render", **{"x-message-ttl": OLD_TTL})
    second = make_peer(vhost.backend)
    with kombu.Connection(vhost.url) as first:
        first.default_channel.queue_declare("replace.render", exclusive=True)
        second.link.start()
        second.wait(lambda: "RESOURCE_LOCKED" in caplog.text, "a refused replacement")
        assert vhost.depth("render").ready == 1
        delete(vhost, "render")
        declare(vhost, "render")
    second.wait(lambda: second.link.up, "the connection")
    assert second.created == [ALL - {"render"}]
    assert vhost.depth("render").ready == 1


@pytest.mark.servers
def test_a_queue_of_dead_letters_is_never_replaced(
    vhost: Vhost, make_peer: MakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    """The database does not have its messages."""
    declare(vhost, "dead", **{"x-message-ttl": 1000 * OLD_TTL})
    peer = make_peer(vhost.backend)
    peer.link.start()
    peer.wait(lambda: "PRECONDITION_FAILED" in caplog.text, "a refused connect")
    assert not peer.link.up
    assert vhost.depth("dead").ready == 1


@pytest.mark.servers
def test_a_queue_whose_leader_does_not_answer_looks_empty(
    vhost: Vhost, make_peer: MakePeer
) -> None:
    """So the API believes an empty queue without consumers only while it stays empty."""
    make_peer(vhost.backend).started().send(b"job")
    leaders = f'[amqqueue:get_pid(Q) || Q <- rabbit_amqqueue:list(<<"{vhost.name}">>)]'
    with kombu.Connection(vhost.url) as connection:
        channel = connection.default_channel
        vhost.server.eval(f"[sys:suspend(P) || P <- {leaders}].")
        try:
            silent = channel.queue_declare("render", passive=True)
        finally:
            vhost.server.eval(f"[sys:resume(P) || P <- {leaders}].")
        assert (silent.message_count, silent.consumer_count) == (0, 0)
        assert channel.queue_declare("render", passive=True).message_count == 1
