"""A message of a worker that was broken into stops no link, whatever its headers and its size."""

import gzip
import struct
import zlib

import pytest
from splitflap_core import topology
from splitflap_core.broker import Subscription
from splitflap_core.contracts import MAX_MESSAGE

from .conftest import MakePeer, Vhost
from .raw_amqp import header, nested, raw_publisher, text_header

pytestmark = pytest.mark.servers

RESULTS = Subscription(topology.RESULTS_QUEUE, prefetch=100)

#: Encoded headers, and what is wrong with them.
TABLES = {
    "a time of the year 292,277,026,596": header("x", b"T", struct.pack(">Q", 2**63 - 1)),
    "a time of the year 584,554,049,253": header("x", b"T", struct.pack(">Q", 2**64 - 1)),
    "tables within tables": nested(5_000),
    "a text that is no UTF-8": text_header("splitflap-reason", b"\xff\xfe\x80"),
    "half a surrogate pair": text_header("splitflap-reason", b"\xed\xa0\x80"),
    "a zero": text_header("splitflap-reason", b"a\0b"),
    "a name that is no UTF-8": b"\x01\xff" + b"t\x01",
    "a decimal": header("x", b"D", struct.pack(">Bi", 255, 1)),
    "an unknown codec": text_header("compression", b"application/x-nothing"),
    "many": b"".join(header(f"h{n}", b"t", b"\x01") for n in range(10_000)),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_hostile_headers_reach_the_consumer_or_are_left_out(
    table: bytes, vhost: Vhost, make_peer: MakePeer
) -> None:
    """The link stays, and the next message arrives once."""
    peer = make_peer(vhost.backend, RESULTS, acks=True).started()
    with raw_publisher(vhost.url) as worker:
        worker.publish("results", "results", b"hostile", table)
        worker.publish("results", "results", b"next")
    deliveries = peer.receive(2)
    assert peer.bodies == [b"hostile", b"next"]
    assert [each.received.deliveries for each in deliveries] == [0, 0]


@pytest.mark.parametrize("codec", ["application/x-gzip", "application/gzip", "zlib", "gzip"])
def test_a_message_is_never_decompressed(codec: str, vhost: Vhost, make_peer: MakePeer) -> None:
    """A few kB could become gigabytes."""
    bomb = (zlib.compress if codec != "gzip" else gzip.compress)(b"\0" * 50_000_000)
    peer = make_peer(vhost.backend, RESULTS, acks=True).started()
    with raw_publisher(vhost.url) as worker:
        worker.publish("results", "results", bomb, text_header("compression", codec.encode()))
    peer.receive(1)
    assert peer.bodies == [bomb]


def test_of_a_message_that_is_too_large_only_the_beginning_is_kept(
    vhost: Vhost, make_peer: MakePeer
) -> None:
    """One byte more than the limit, so the reader refuses it by its size."""
    peer = make_peer(vhost.backend, RESULTS, acks=True).started()
    with raw_publisher(vhost.url) as worker:
        worker.publish("results", "results", b"x" * 15_000_000)
        worker.publish("results", "results", b"y" * MAX_MESSAGE)
    peer.receive(2)
    assert list(map(len, peer.bodies)) == [MAX_MESSAGE + 1, MAX_MESSAGE]
