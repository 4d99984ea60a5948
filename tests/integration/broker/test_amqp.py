"""What RabbitMQ, an operator or the network may do to a link."""

import time
from typing import Any

import kombu
import pytest
from splitflap_core import topology
from splitflap_core.broker import Subscription, amqp

from tests.servers.proxy import Proxy

from .conftest import MakePeer, Vhost
from .peer import RENDER, Peer, numbered, rabbit

pytestmark = pytest.mark.servers


def test_topology_is_declared_as_quorum_queues(vhost: Vhost, make_peer: MakePeer) -> None:
    """With limits by age and by deliveries, and at-least-once dead lettering, on the server."""
    make_peer(vhost.backend).started()
    queues = f'rabbit_amqqueue:list(<<"{vhost.name}">>)'
    arguments = f"[rabbit_amqqueue:info(Q, [arguments]) || Q <- {queues}]"
    told = vhost.server.eval(f'lists:flatten(io_lib:format("~p", [{arguments}])).')
    assert told.count("x-queue-type") == len(topology.QUEUES)
    assert told.count("x-dead-letter-strategy") == 3


def test_a_killed_broker_comes_back(vhost: Vhost, make_peer: MakePeer) -> None:
    """Confirmed messages survive SIGKILL, and are delivered again.

    What is published meanwhile is not sent, at once.
    """
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


def test_connections_closed_by_an_operator_are_made_again(
    vhost: Vhost, make_peer: MakePeer
) -> None:
    """What was not acked is delivered once more, counted; an ack of the old delivery is void."""
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


def test_a_new_connection_holds_what_the_last_one_was_told(
    vhost: Vhost, make_peer: MakePeer
) -> None:
    """And not what it began with."""
    make_peer(vhost.backend).started().send(*numbered(30))
    peer = make_peer(vhost.backend, Subscription(topology.RENDER_QUEUE, 10)).started()
    peer.receive(10)
    peer.link.set_prefetch(3)
    vhost.server.close_connections()
    peer.receive(13)
    time.sleep(0.5)
    assert len(peer.deliveries) == 13


def test_a_cut_settles_what_was_in_flight(vhost: Vhost, make_peer: MakePeer) -> None:
    """A message whose confirm is lost may have been taken: it is settled, as not sent."""
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


def test_a_half_open_connection_is_noticed(
    vhost: Vhost, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By heartbeats: after two intervals without a byte, and the next connection works."""
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


def test_an_idle_connection_lives(
    vhost: Vhost, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heartbeats go both ways with nothing else to do: three intervals later it is the same."""
    monkeypatch.setattr(amqp, "HEARTBEAT", 1)
    monkeypatch.setattr(amqp, "POLL_TIMEOUT", 0.2)
    peer = make_peer(vhost.backend, RENDER).started()
    peer.send(b"held")
    held = peer.receive(1)[0]
    end = time.monotonic() + 3.5
    peer.wait(lambda: time.monotonic() > end, "time")
    held.ack()
    peer.wait(lambda: vhost.depth("render") == (0, 0), "the ack of the same connection")


def test_a_broker_that_stops_reading_is_left(
    vhost: Vhost, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that does not end costs the connection, and its messages are settled."""
    monkeypatch.setattr(amqp, "IO_TIMEOUT", 1.0)
    with Proxy(vhost.server.port) as proxy:
        peer = make_peer(vhost.through(proxy.port)).started()
        proxy.stall()
        bodies = [b"%d" % number + b"x" * 1_000_000 for number in range(20)]
        peer.publish(*bodies)
        peer.wait(lambda: len(peer.unsent) == 20, "the loss")
        assert peer.link.alive() is None


def test_big_messages_over_a_slow_network(vhost: Vhost, make_peer: MakePeer) -> None:
    """Frames that come in pieces are waited for."""
    with Proxy(vhost.server.port) as proxy:
        proxy.delay = 0.02
        peer = make_peer(vhost.through(proxy.port), RENDER).started()
        body = b"x" * 700_000
        peer.send(body)
        assert peer.receive(1)[0].body == body


def test_while_blocked_nothing_is_taken(vhost: Vhost, make_peer: MakePeer) -> None:
    """Under a memory alarm the link is not up; what was written before is sent in the end."""
    peer = make_peer(vhost.backend).started()
    vhost.server.set_memory_alarm(True)
    try:
        peer.publish(b"waits")
        peer.wait(lambda: not peer.link.up, "the block")
        assert peer.link.ready() is not None
        assert peer.link.alive() is None
        peer.publish(b"refused")
        assert peer.settled == [(b"refused", False)]
    finally:
        vhost.server.set_memory_alarm(False)
    peer.wait(lambda: peer.sent == [b"waits"], "the end of the alarm")
    assert peer.link.up


def test_a_stop_while_blocked_ends_in_time(vhost: Vhost, make_peer: MakePeer) -> None:
    """After its time-out, what is not confirmed is settled as not sent."""
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
    """Publish until a short queue refuses more."""
    vhost.server.eval(
        f'rabbit_policy:set(<<"{vhost.name}">>, <<"full">>, <<"^scrape$">>, '
        '[{<<"max-length">>, 1}], 0, <<"queues">>, <<"guest">>).'
    )
    for count, body in enumerate(numbered(50), start=1):
        # The limit is a soft one: many at a time would all be taken.
        if not peer.unsent:
            peer.publish(body, key="scrape")
            peer.wait(lambda count=count: len(peer.settled) == count, "the answer")  # type: ignore[misc]  # a lambda
    assert peer.unsent


def test_a_nack_is_not_sent(vhost: Vhost, make_peer: MakePeer) -> None:
    """A full queue rejects publishes; the link stays up for other queues."""
    peer = make_peer(vhost.backend).started()
    fill_scrape(vhost, peer)
    assert vhost.depth("scrape").ready == len(peer.sent)
    peer.send(b"elsewhere")


def test_a_nack_that_comes_early_is_no_other_message_s(vhost: Vhost, make_peer: MakePeer) -> None:
    """A refusal overtakes the confirms of what was published before it, and concerns none."""
    peer = make_peer(vhost.backend).started()
    fill_scrape(vhost, peer)
    peer.settled.clear()
    for body in numbered(100):
        peer.publish(b"taken " + body)
        peer.publish(b"refused " + body, key="scrape")
    peer.wait(lambda: len(peer.settled) == 200, "all answers")
    assert sorted(peer.unsent) == sorted(b"refused " + body for body in numbered(100))


def test_acks_out_of_order_ack_nothing_else(vhost: Vhost, make_peer: MakePeer) -> None:
    """Two consumers share the channel's tags; what is unsettled between stays unsettled."""
    scrape = Subscription(topology.SCRAPE_QUEUE, prefetch=100)
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
    """Jobs that are not acked."""
    return sum(vhost.depth("render")) + sum(vhost.depth("scrape"))


def test_two_connections_of_a_replica_are_both_woken(vhost: Vhost, make_peer: MakePeer) -> None:
    """A connection that the broker has not found dead yet does not keep out its successor."""
    wake_ups = Subscription(topology.wake_up_queue("replica"), 10)
    peers = [make_peer(vhost.backend, wake_ups, acks=True).started() for _ in range(2)]
    peers[0].wait(
        lambda: sum(queue.startswith("events.") for queue in depths(vhost)) == 2, "both queues"
    )
    peers[0].publish(b"{}", exchange="events", key="")
    for peer in peers:
        assert peer.receive(1)[0].received.queue == "events.replica"


def depths(vhost: Vhost) -> list[str]:
    """The names of a vhost's queues."""
    return list(vhost.server.queue_depths(vhost.name))


def test_a_queue_of_other_arguments_does_not_end_the_process(
    vhost: Vhost, make_peer: MakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    """The link says what is wrong, stays down, and comes up when an operator has mended it."""
    with kombu.Connection(vhost.url) as connection:
        channel: Any = connection.channel()
        channel.queue_declare("scrape", durable=True, auto_delete=False)
        peer = make_peer(vhost.backend)
        peer.link.start()
        peer.wait(lambda: "PRECONDITION_FAILED" in caplog.text, "the complaint")
        assert not peer.link.up
        assert peer.link.alive() is None
        channel.queue_delete("scrape")
    peer.wait(lambda: peer.link.up, "the connection")


def test_a_wrong_password_is_not_logged(
    vhost: Vhost, make_peer: MakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the broker and the refusal only."""
    url = vhost.url.replace("guest:guest", "guest:s3cret")
    peer = make_peer(rabbit(url))
    peer.link.start()
    peer.wait(lambda: "ACCESS_REFUSED" in caplog.text, "the complaint")
    assert "s3cret" not in caplog.text
    assert "127.0.0.1" in caplog.text


def test_a_stop_does_not_wait_for_a_broker_that_is_away(make_peer: MakePeer, vhost: Vhost) -> None:
    """Between two tries to connect as well."""
    with Proxy(vhost.server.port) as proxy:
        proxy.refuse()
        peer = make_peer(vhost.through(proxy.port))
        peer.link.start()
        begin = time.monotonic()
        peer.link.stop(5)
        assert time.monotonic() - begin < 1
