"""The promises of a link, on both brokers."""

import time
from functools import partial

import pytest
from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, BrokerLink, Depth, OutgoingMessage, Subscription

from tests.support.peer import RENDER, numbered

from .conftest import MakePeer


def test_every_message_is_confirmed_and_received_once(
    backend: BrokerBackend, make_peer: MakePeer
) -> None:
    """There are more messages than the window holds."""
    receiver = make_peer(backend, RENDER, acks=True).started()
    sender = make_peer(backend).started()
    bodies = numbered(1500)
    sender.send(*bodies)
    receiver.receive(len(bodies))
    sender.link.stop(10)
    receiver.link.stop(10)
    assert sorted(sender.sent) == sorted(receiver.bodies) == sorted(bodies)
    assert sender.unsent == []
    late = make_peer(backend, RENDER).started()
    late.send(b"last")
    assert [each.body for each in late.receive(1)] == [b"last"]


def test_bodies_arrive_byte_for_byte(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """Bodies may be empty, long, or no UTF-8. The headers arrive too."""
    bodies = [b"", b"\xff\x00\xfe", b"x" * 300_000]
    peer = make_peer(backend, RENDER).started()
    peer.send(*bodies)
    assert {each.body for each in peer.receive(3)} == set(bodies)
    headers = {"splitflap-reason": "\u00e9"}
    peer.link.publish(OutgoingMessage("jobs", "render", b"", lambda _: None, headers))
    assert peer.receive(4)[3].received.headers.items() >= headers.items()


def test_a_malformed_message_is_delivered(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """The receiver refuses it. The connection and other messages are not affected."""
    peer = make_peer(backend, RENDER).started()
    for headers in ({"compression": "bogus"}, {"x-delivery-count": "many"}):
        message = OutgoingMessage("jobs", "render", b"packed", lambda _sent: None, headers)
        peer.link.publish(message)
    peer.send(b"after")
    assert [each.body for each in peer.receive(3)][-1] == b"after"
    for delivery in peer.deliveries:
        delivery.ack()
    peer.wait(lambda: peer.link.up, "still up")
    # The generation is private. It shows that all came over one connection.
    assert len({each._generation for each in peer.deliveries}) == 1


def test_an_unroutable_message_is_settled_as_not_sent(
    backend: BrokerBackend, make_peer: MakePeer
) -> None:
    """Other messages are sent."""
    peer = make_peer(backend).started()
    peer.publish(b"lost", key="nowhere")
    peer.publish(b"found")
    peer.wait(lambda: len(peer.settled) == 2, "both")
    assert peer.unsent == [b"lost"]


def test_a_fanout_reaches_its_queue(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """Dead letters keep their routing key."""
    peer = make_peer(backend, Subscription(topology.DEAD_QUEUE, 10)).started()
    peer.publish(b"dead", exchange="dead", key="render")
    assert peer.receive(1)[0].body == b"dead"
    peer.wait(lambda: peer.sent == [b"dead"], "the confirm")


def test_a_link_that_is_down_refuses_messages(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """This holds before its start and after its stop."""
    peer = make_peer(backend)
    peer.publish(b"early")
    assert peer.unsent == [b"early"]
    peer.started().link.stop(5)
    peer.publish(b"late")
    assert peer.unsent == [b"early", b"late"]
    assert peer.link.ready() is not None


def test_a_stop_publishes_the_queued_messages(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """There are 1,200 of them."""
    peer = make_peer(backend).started()
    bodies = numbered(1200)
    peer.publish(*bodies)
    peer.link.stop(10)
    assert sorted(peer.sent) == sorted(bodies)


def test_a_stop_sends_the_queued_acks(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """The next link gets only the other messages."""
    first = make_peer(backend, RENDER).started()
    first.send(*numbered(20))
    first.receive(20)
    for delivery in reversed(first.deliveries[::2]):
        delivery.ack()
    first.link.stop(5)
    second = make_peer(backend, RENDER).started()
    second.receive(10)
    second.send(b"end")
    second.receive(11)
    assert sorted(second.bodies) == sorted([*first.bodies[1::2], b"end"])


def test_a_stop_may_come_early_or_twice(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """It may come before the start, and again after a stop."""
    peer = make_peer(backend)
    peer.link.stop(1)
    other = make_peer(backend).started()
    other.link.stop(1)
    other.link.stop(1)


def test_a_requeued_message_is_delivered_again(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """The next receiver may be this link or another."""
    peer = make_peer(backend, RENDER).started()
    peer.send(b"again")
    peer.receive(1)[0].requeue()
    peer.receive(2)[1].ack()
    assert peer.bodies == [b"again"] * 2


def test_only_the_first_settlement_counts(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """A second one would close RabbitMQ's channel."""
    peer = make_peer(backend, RENDER).started()
    peer.send(b"a", b"b")
    first, other = peer.receive(2)[:2]
    for settle in (first.ack, first.requeue, first.ack, other.requeue, other.requeue, other.ack):
        settle()
    peer.receive(3)[2].ack()
    peer.send(b"c")
    peer.receive(4)[3].ack()
    assert peer.bodies[2:] == [other.body, b"c"]


def test_prefetch_limits_the_unsettled_messages(
    backend: BrokerBackend, make_peer: MakePeer
) -> None:
    """After a settlement the next message is delivered."""
    peer = make_peer(backend, Subscription(topology.JOB_QUEUES["render"], prefetch=3)).started()
    peer.send(*numbered(5))
    peer.receive(3)
    peer.send(b"a round trip later")
    assert len(peer.deliveries) == 3
    peer.deliveries[1].ack()
    peer.receive(4)


def test_a_pause_delays_deliveries(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """The link still publishes."""
    peer = make_peer(backend, RENDER).started()
    peer.send(b"before")
    peer.receive(1)
    peer.link.pause(0.5)
    begin = time.monotonic()
    peer.send(b"during")
    assert peer.receive(2)[1].body == b"during"
    assert time.monotonic() - begin > 0.4


def test_a_failing_callback_harms_no_other_message(
    backend: BrokerBackend, make_peer: MakePeer
) -> None:
    """The other callbacks of the same confirm are called."""

    def fail(_sent: bool) -> None:
        raise RuntimeError("a bug of the caller's")

    peer = make_peer(backend).started()
    bodies = numbered(50)
    for body in bodies:
        peer.link.publish(OutgoingMessage("jobs", "render", body, fail))
        peer.link.publish(OutgoingMessage("jobs", "render", body, partial(peer.note_settled, body)))
    peer.wait(lambda: len(peer.settled) == 50, "the others")
    assert peer.unsent == []
    assert peer.link.up


@pytest.mark.parametrize("wanted", [1, 3])
def test_two_receivers_share_the_messages(
    backend: BrokerBackend, make_peer: MakePeer, wanted: int
) -> None:
    """Each message is received once."""
    prefetch = Subscription(topology.JOB_QUEUES["render"], wanted)
    receivers = [make_peer(backend, prefetch, acks=True).started() for _ in range(2)]
    sender = make_peer(backend).started()
    bodies = numbered(300)
    sender.send(*bodies)
    sender.wait(lambda: sum(len(each.deliveries) for each in receivers) >= 300, "all")
    assert sorted(receivers[0].bodies + receivers[1].bodies) == sorted(bodies)


def test_depth_counts_undelivered_messages(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """A full consumer leaves the others in the queue."""
    depths: list[Depth] = []

    def read() -> None:
        if depth := reader.depth("render"):
            depths.append(depth)

    reader = BrokerLink("reader", backend.opener("reader"), on_idle=read)
    sender = make_peer(backend).started()
    sender.send(*numbered(3))
    reader.start()
    sender.wait(lambda: [each.ready for each in depths[-1:]] == [3], "all three to be seen")
    receiver = make_peer(backend, Subscription(topology.JOB_QUEUES["render"], prefetch=2)).started()
    receiver.receive(2)
    sender.wait(lambda: depths[-1].ready == 1, "the one that is left")
    assert depths[-1].consumers == 1
    reader.stop(5)
    assert reader.depth("render") is None


def test_prefetch_may_be_raised(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """RabbitMQ may add the old count once."""
    make_peer(backend).started().send(*numbered(30))
    peer = make_peer(backend, Subscription(topology.JOB_QUEUES["render"], 3)).started()
    peer.receive(3)
    peer.link.set_prefetch(10)
    peer.receive(10)
    time.sleep(0.5)
    assert len(peer.deliveries) <= 13


def test_prefetch_may_be_lowered(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """New messages come once the held ones are settled. None is lost or repeated."""
    bodies = numbered(30)
    make_peer(backend).started().send(*bodies)
    peer = make_peer(backend, Subscription(topology.JOB_QUEUES["render"], 10)).started()
    peer.receive(10)
    peer.link.set_prefetch(2)
    for delivery in peer.deliveries[:7]:
        delivery.ack()
    time.sleep(0.5)
    assert len(peer.deliveries) == 10
    peer.deliveries[7].ack()
    time.sleep(0.5)
    assert len(peer.deliveries) <= 12
    while len(peer.deliveries) < 30 or not all(each.settled for each in peer.deliveries):
        held = [each for each in peer.deliveries if not each.settled]
        assert len(held) <= 4
        for delivery in held:
            delivery.ack()
        peer.wait(lambda: len(peer.deliveries) == 30 or not peer.deliveries[-1].settled, "more")
    assert sorted(peer.bodies) == sorted(bodies)
