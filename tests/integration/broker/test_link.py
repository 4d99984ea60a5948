"""What a link promises on every broker."""

import time
from functools import partial

import pytest
from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, BrokerLink, Depth, OutgoingMessage, Subscription

from .conftest import MakePeer
from .peer import RENDER, numbered


def test_many_are_confirmed_and_received_once(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """More than the window holds: each settled once as sent, and received once."""
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


def test_bytes_arrive_as_they_were_sent(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """Empty, not UTF-8, long: a body is bytes. Headers come along."""
    bodies = [b"", b"\xff\x00\xfe", b"x" * 300_000]
    peer = make_peer(backend, RENDER).started()
    peer.send(*bodies)
    assert {each.body for each in peer.receive(3)} == set(bodies)
    headers = {"splitflap-reason": "\u00e9"}
    peer.link.publish(OutgoingMessage("jobs", "render", b"", lambda _: None, headers))
    assert peer.receive(4)[3].received.headers.items() >= headers.items()


def test_what_cannot_be_unpacked_is_delivered(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """For its receiver to refuse; it costs neither the connection nor a neighbour."""
    peer = make_peer(backend, RENDER).started()
    for headers in ({"compression": "bogus"}, {"x-delivery-count": "many"}):
        message = OutgoingMessage("jobs", "render", b"packed", lambda _sent: None, headers)
        peer.link.publish(message)
    peer.send(b"after")
    assert [each.body for each in peer.receive(3)][-1] == b"after"
    for delivery in peer.deliveries:
        delivery.ack()
    peer.wait(lambda: peer.link.up, "still up")
    assert len({each._generation for each in peer.deliveries}) == 1


def test_what_no_queue_takes_was_not_sent(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """An unroutable message is settled as not sent; its neighbours are not concerned."""
    peer = make_peer(backend).started()
    peer.publish(b"lost", key="nowhere")
    peer.publish(b"found")
    peer.wait(lambda: len(peer.settled) == 2, "both")
    assert peer.unsent == [b"lost"]


def test_a_fanout_reaches_its_queue(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """Dead letters keep the key that they came with."""
    peer = make_peer(backend, Subscription(topology.DEAD_QUEUE, 10)).started()
    peer.publish(b"dead", exchange="dead", key="render")
    assert peer.receive(1)[0].body == b"dead"
    peer.wait(lambda: peer.sent == [b"dead"], "the confirm")


def test_while_down_nothing_is_taken(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """Before the start and after the stop, a message is settled at once as not sent."""
    peer = make_peer(backend)
    peer.publish(b"early")
    assert peer.unsent == [b"early"]
    peer.started().link.stop(5)
    peer.publish(b"late")
    assert peer.unsent == [b"early", b"late"]
    assert peer.link.ready() is not None


def test_stop_publishes_what_is_queued(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """A stop in the midst of much work: all of it is sent."""
    peer = make_peer(backend).started()
    bodies = numbered(1200)
    peer.publish(*bodies)
    peer.link.stop(10)
    assert sorted(peer.sent) == sorted(bodies)


def test_stop_settles_acks_first(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """What was acked before the stop is gone; what was not comes back to the next."""
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


def test_stop_is_harmless_when_there_is_nothing_to_stop(
    backend: BrokerBackend, make_peer: MakePeer
) -> None:
    """Never started, and twice."""
    peer = make_peer(backend)
    peer.link.stop(1)
    other = make_peer(backend).started()
    other.link.stop(1)
    other.link.stop(1)


def test_requeued_comes_back(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """To this link or to another."""
    peer = make_peer(backend, RENDER).started()
    peer.send(b"again")
    peer.receive(1)[0].requeue()
    peer.receive(2)[1].ack()
    assert peer.bodies == [b"again"] * 2


def test_settling_twice_is_harmless(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """Neither the connection nor the deliveries of others are lost by it."""
    peer = make_peer(backend, RENDER).started()
    peer.send(b"a", b"b")
    first, other = peer.receive(2)[:2]
    for settle in (first.ack, first.requeue, first.ack, other.requeue, other.requeue, other.ack):
        settle()
    peer.receive(3)[2].ack()
    peer.send(b"c")
    peer.receive(4)[3].ack()
    assert peer.bodies[2:] == [other.body, b"c"]


def test_prefetch_bounds_what_is_unsettled(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """The next message comes when one was settled."""
    peer = make_peer(backend, Subscription(topology.RENDER_QUEUE, prefetch=3)).started()
    peer.send(*numbered(5))
    peer.receive(3)
    peer.send(b"a round trip later")
    assert len(peer.deliveries) == 3
    peer.deliveries[1].ack()
    peer.receive(4)


def test_pause_holds_deliveries_back(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """For its time; publishing goes on, and then all comes."""
    peer = make_peer(backend, RENDER).started()
    peer.send(b"before")
    peer.receive(1)
    peer.link.pause(0.5)
    begin = time.monotonic()
    peer.send(b"during")
    assert peer.receive(2)[1].body == b"during"
    assert time.monotonic() - begin > 0.4


def test_a_callback_that_raises_costs_only_itself(
    backend: BrokerBackend, make_peer: MakePeer
) -> None:
    """The others of the same confirm are settled, and the link stays up."""

    def fail(_sent: bool) -> None:
        raise RuntimeError("a bug of the caller's")

    peer = make_peer(backend).started()
    bodies = numbered(50)
    for body in bodies:
        peer.link.publish(OutgoingMessage("jobs", "render", body, fail))
        peer.link.publish(OutgoingMessage("jobs", "render", body, partial(peer._settle, body)))
    peer.wait(lambda: len(peer.settled) == 50, "the others")
    assert peer.unsent == []
    assert peer.link.up


@pytest.mark.parametrize("wanted", [1, 3])
def test_two_receivers_share(backend: BrokerBackend, make_peer: MakePeer, wanted: int) -> None:
    """No message is received twice, whoever is faster."""
    prefetch = Subscription(topology.RENDER_QUEUE, wanted)
    receivers = [make_peer(backend, prefetch, acks=True).started() for _ in range(2)]
    sender = make_peer(backend).started()
    bodies = numbered(300)
    sender.send(*bodies)
    sender.wait(lambda: sum(len(each.deliveries) for each in receivers) >= 300, "all")
    assert sorted(receivers[0].bodies + receivers[1].bodies) == sorted(bodies)


def test_depth_is_what_was_not_delivered(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """Asked in the link's thread; a consumer that is full leaves the rest in the queue."""
    depths: list[Depth] = []

    def look() -> None:
        if depth := looker.depth("render"):
            depths.append(depth)

    looker = BrokerLink("looker", backend.opener("looker"), on_idle=look)
    sender = make_peer(backend).started()
    sender.send(*numbered(3))
    looker.start()
    sender.wait(lambda: [each.ready for each in depths[-1:]] == [3], "all three to be seen")
    receiver = make_peer(backend, Subscription(topology.RENDER_QUEUE, prefetch=2)).started()
    receiver.receive(2)
    sender.wait(lambda: depths[-1].ready == 1, "the one that is left")
    knows = depths[-1].consumers is not None
    assert not knows or depths[-1].consumers == 1
    looker.stop(5)
    assert looker.depth("render") is None


def test_more_may_be_held_later(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """A raised count is what the broker goes by; RabbitMQ lets the old one come on top, once."""
    make_peer(backend).started().send(*numbered(30))
    peer = make_peer(backend, Subscription(topology.RENDER_QUEUE, 3)).started()
    peer.receive(3)
    peer.link.set_prefetch(10)
    peer.receive(10)
    time.sleep(0.5)
    assert len(peer.deliveries) <= 13


def test_fewer_may_be_held_later(backend: BrokerBackend, make_peer: MakePeer) -> None:
    """What is held already is worked off before more comes; nothing is lost or comes twice."""
    bodies = numbered(30)
    make_peer(backend).started().send(*bodies)
    peer = make_peer(backend, Subscription(topology.RENDER_QUEUE, 10)).started()
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
