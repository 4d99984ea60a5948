"""A link to RabbitMQ under faults of the broker, of the network, and of operators."""

import time
from typing import Any

import kombu
import pytest
from splitflap_core import topology
from splitflap_core.broker import Subscription, amqp

from tests.servers.proxy import Proxy
from tests.support.peer import RENDER, Peer, numbered, rabbitmq_broker

from .conftest import MakePeer, Vhost

pytestmark = pytest.mark.servers


def test_topology_is_declared_as_quorum_queues(vhost: Vhost, make_peer: MakePeer) -> None:
    """The server has the limits, and at-least-once dead lettering."""
    make_peer(vhost.backend).started()
    queues = f'rabbit_amqqueue:list(<<"{vhost.name}">>)'
    arguments = f"[rabbit_amqqueue:info(Q, [arguments]) || Q <- {queues}]"
    listed = vhost.server.eval(f'lists:flatten(io_lib:format("~p", [{arguments}])).')
    assert listed.count("x-queue-type") == len(topology.QUEUES)
    assert listed.count("x-dead-letter-strategy") == len(topology.QUEUES) - 2, (
        "not `dead`, `deliver`"
    )


def test_confirmed_messages_survive_a_killed_broker(vhost: Vhost, make_peer: MakePeer) -> None:
    """A publish during the outage is settled as not sent at once."""
    receiver = make_peer(vhost.backend, RENDER).started()
    sender = make_peer(vhost.backend).started()
    sender.send(*numbered(50))
    receiver.receive(50)
    vhost.server.kill()
    for peer in (sender, receiver):
        peer.wait(lambda peer=peer: not peer.link.up, "the loss")  # type: ignore[misc]  # a lambda
    sender.publish(b"meanwhile")
    assert sender.unsent == [b"meanwhile"]
    vhost.server.start()
    receiver.receive(100)
    assert sorted(receiver.bodies[50:]) == sorted(numbered(50))
    sender.wait(lambda: sender.link.up, "the connection")
    sender.send(b"after")
    receiver.receive(101)


def test_a_connection_closed_by_an_operator_is_replaced(vhost: Vhost, make_peer: MakePeer) -> None:
    """Unacked messages are delivered again, with a count. Acks of old deliveries do nothing."""
    peer = make_peer(vhost.backend, RENDER).started()
    peer.send(*numbered(3))
    old = list(peer.receive(3))
    vhost.server.close_connections()
    new = list(peer.receive(6))[3:]
    assert [each.received.deliveries for each in (*old, *new)] == [0, 0, 0, 1, 1, 1]
    assert {each.received.tag for each in old} == {each.received.tag for each in new}
    for delivery in old:
        delivery.ack()
    peer.wait(lambda: peer.link.up, "the new connection")
    peer.send(b"a round trip later")
    peer.receive(7)
    assert vhost.depth("render") == (0, 4)
    for delivery in (*new, peer.deliveries[6]):
        delivery.ack()
    peer.wait(lambda: vhost.depth("render") == (0, 0), "the acks")


def test_a_new_connection_keeps_the_last_prefetch(vhost: Vhost, make_peer: MakePeer) -> None:
    """The first prefetch would be wrong."""
    make_peer(vhost.backend).started().send(*numbered(30))
    peer = make_peer(vhost.backend, Subscription(topology.JOB_QUEUES["render"], 10)).started()
    peer.receive(10)
    peer.link.set_prefetch(3)
    vhost.server.close_connections()
    peer.receive(13)
    time.sleep(0.5)
    assert len(peer.deliveries) == 13


def test_a_cut_settles_messages_in_flight_as_not_sent(vhost: Vhost, make_peer: MakePeer) -> None:
    """The broker may have taken a message whose confirm is lost."""
    with Proxy(vhost.server.port) as proxy:
        peer = make_peer(vhost.through(proxy.port)).started()
        proxy.swallow()
        peer.publish(*numbered(20))
        peer.wait(lambda: proxy.swallowed > 0, "the publish")
        proxy.mend()
        proxy.cut()
        peer.wait(lambda: len(peer.unsent) == 20, "the loss")
        peer.wait(lambda: peer.link.up, "a new connection")
        peer.send(b"after")


def test_heartbeats_find_a_half_open_connection(
    vhost: Vhost, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link notices it after two intervals. The next connection works."""
    monkeypatch.setattr(amqp, "HEARTBEAT", 2)
    with Proxy(vhost.server.port) as proxy:
        peer = make_peer(vhost.through(proxy.port), RENDER, acks=True).started()
        peer.send(b"before")
        peer.receive(1)
        proxy.swallow()
        begin = time.monotonic()
        peer.publish(b"lost")
        peer.wait(lambda: peer.unsent == [b"lost"], "the loss")
        assert 2 < time.monotonic() - begin < 8
        proxy.mend()
        peer.wait(lambda: peer.link.up, "a new connection")
        peer.send(b"after")


def test_an_idle_connection_stays_open(
    vhost: Vhost, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sides send heartbeats."""
    monkeypatch.setattr(amqp, "HEARTBEAT", 1)
    monkeypatch.setattr(amqp, "POLL_TIMEOUT", 0.2)
    peer = make_peer(vhost.backend, RENDER).started()
    peer.send(b"held")
    held = peer.receive(1)[0]
    end = time.monotonic() + 3.5
    peer.wait(lambda: time.monotonic() > end, "time")
    held.ack()
    peer.wait(lambda: vhost.depth("render") == (0, 0), "the ack of the same connection")


def test_a_broker_that_stops_reading_loses_the_connection(
    vhost: Vhost, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A blocked write times out, and its messages are settled as not sent."""
    monkeypatch.setattr(amqp, "IO_TIMEOUT", 1.0)
    with Proxy(vhost.server.port) as proxy:
        peer = make_peer(vhost.through(proxy.port)).started()
        proxy.stall()
        bodies = [b"%d" % number + b"x" * 1_000_000 for number in range(20)]
        peer.publish(*bodies)
        peer.wait(lambda: len(peer.unsent) == 20, "the loss")
        assert peer.link.complaint() is None


def test_big_messages_arrive_over_a_slow_network(vhost: Vhost, make_peer: MakePeer) -> None:
    """The frames arrive in pieces."""
    with Proxy(vhost.server.port) as proxy:
        proxy.delay = 0.02
        peer = make_peer(vhost.through(proxy.port), RENDER).started()
        body = b"x" * 700_000
        peer.send(body)
        assert peer.receive(1)[0].body == body


def test_a_blocked_link_refuses_messages(vhost: Vhost, make_peer: MakePeer) -> None:
    """In a memory alarm the link is down. Earlier messages are sent after the alarm."""
    peer = make_peer(vhost.backend).started()
    vhost.server.set_memory_alarm(True)
    try:
        peer.publish(b"waits")
        peer.wait(lambda: not peer.link.up, "the block")
        assert peer.link.ready() is not None
        assert peer.link.complaint() is None
        peer.publish(b"refused")
        assert peer.settled == [(b"refused", False)]
    finally:
        vhost.server.set_memory_alarm(False)
    peer.wait(lambda: peer.sent == [b"waits"], "the end of the alarm")
    assert peer.link.up


def test_a_stop_while_blocked_ends_in_time(vhost: Vhost, make_peer: MakePeer) -> None:
    """Unconfirmed messages are settled as not sent."""
    peer = make_peer(vhost.backend).started()
    vhost.server.set_memory_alarm(True)
    try:
        peer.publish(*numbered(3))
        peer.wait(lambda: not peer.link.up, "the block")
        begin = time.monotonic()
        peer.link.stop(0.5)
        assert time.monotonic() - begin < 3
        assert sorted(peer.unsent) == numbered(3)
    finally:
        vhost.server.set_memory_alarm(False)


def fill_scrape(vhost: Vhost, peer: Peer) -> None:
    """Publish until the queue, limited to one message, refuses another."""
    vhost.server.eval(
        f'rabbit_policy:set(<<"{vhost.name}">>, <<"full">>, <<"^scrape$">>, '
        '[{<<"max-length">>, 1}], 0, <<"queues">>, <<"guest">>).'
    )
    for count, body in enumerate(numbered(50), start=1):
        # The limit is soft: the queue would take many messages published at once.
        if not peer.unsent:
            peer.publish(body, key="scrape")
            peer.wait(lambda count=count: len(peer.settled) == count, "the answer")  # type: ignore[misc]  # a lambda
    assert peer.unsent


def test_a_nacked_message_is_settled_as_not_sent(vhost: Vhost, make_peer: MakePeer) -> None:
    """The link stays up for other queues."""
    peer = make_peer(vhost.backend).started()
    fill_scrape(vhost, peer)
    assert vhost.depth("scrape").ready == len(peer.sent)
    peer.send(b"elsewhere")


def test_an_early_nack_settles_its_own_message(vhost: Vhost, make_peer: MakePeer) -> None:
    """The nack overtakes the confirms of earlier messages."""
    peer = make_peer(vhost.backend).started()
    fill_scrape(vhost, peer)
    peer.settled.clear()
    for body in numbered(100):
        peer.publish(b"taken " + body)
        peer.publish(b"refused " + body, key="scrape")
    peer.wait(lambda: len(peer.settled) == 200, "all answers")
    assert sorted(peer.unsent) == sorted(b"refused " + body for body in numbered(100))


def test_acks_out_of_order_settle_their_own_messages(vhost: Vhost, make_peer: MakePeer) -> None:
    """Two consumers share the delivery tags of the channel."""
    scrape = Subscription(topology.JOB_QUEUES["scrape"], prefetch=100)
    peer = make_peer(vhost.backend, RENDER, scrape).started()
    peer.send(*numbered(10))
    peer.send(*(b"other " + body for body in numbered(10)), key="scrape")
    held = list(peer.receive(20))
    for delivery in [*held[:3], *held[12:15], held[7], held[5], *held[18:]]:
        delivery.ack()
    held[4].requeue()
    peer.receive(21)
    peer.wait(lambda: left(vhost) == 10, "ten acks")
    for delivery in peer.deliveries:
        delivery.ack()
    peer.wait(lambda: left(vhost) == 0, "all acks")


def left(vhost: Vhost) -> int:
    """The number of unacked jobs."""
    return sum(vhost.depth("render")) + sum(vhost.depth("scrape"))


def test_two_connections_of_a_replica_are_both_woken(vhost: Vhost, make_peer: MakePeer) -> None:
    """The broker may notice the death of the first one late."""
    wake_ups = Subscription(topology.wake_up_queue("replica"), 10)
    peers = [make_peer(vhost.backend, wake_ups, acks=True).started() for _ in range(2)]
    exchange = f'rabbit_misc:r(<<"{vhost.name}">>, exchange, <<"events">>)'
    count = f"length(rabbit_binding:list_for_source({exchange}))."
    peers[0].wait(lambda: vhost.server.eval(count) == "{ok, 2}", "both bindings")
    peers[0].publish(b"{}", exchange="events", key="")
    for peer in peers:
        assert peer.receive(1)[0].received.queue == "events.replica"


def test_a_queue_with_other_arguments_keeps_the_link_down(
    vhost: Vhost, make_peer: MakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    """The link logs the cause, and works again after a repair."""
    with kombu.Connection(vhost.url) as connection:
        channel: Any = connection.channel()
        channel.queue_declare("dead", durable=True, auto_delete=False)
        peer = make_peer(vhost.backend)
        peer.link.start()
        peer.wait(lambda: "PRECONDITION_FAILED" in caplog.text, "the complaint")
        assert not peer.link.up
        assert peer.link.complaint() is None
        channel.queue_delete("dead")
    peer.wait(lambda: peer.link.up, "the connection")


def test_a_wrong_password_is_not_logged(
    vhost: Vhost, make_peer: MakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the broker and the refusal."""
    url = vhost.url.replace("guest:guest", "guest:s3cret")
    peer = make_peer(rabbitmq_broker(url))
    peer.link.start()
    peer.wait(lambda: "ACCESS_REFUSED" in caplog.text, "the complaint")
    assert "s3cret" not in caplog.text
    assert "127.0.0.1" in caplog.text


def test_a_stop_does_not_wait_for_an_unreachable_broker(make_peer: MakePeer, vhost: Vhost) -> None:
    """The stop interrupts the backoff."""
    with Proxy(vhost.server.port) as proxy:
        proxy.refuse()
        peer = make_peer(vhost.through(proxy.port))
        peer.link.start()
        begin = time.monotonic()
        peer.link.stop(5)
        assert time.monotonic() - begin < 1
