"""The embedded broker under killed processes, malformed files and full disks."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from splitflap_core.broker import filesystem

from tests.support.peer import RENDER, embedded_broker, numbered

from .conftest import MakePeer

#: A consumer that prints each message on a line, until it is killed.
GREEDY = """
import sys, threading
from pathlib import Path
from splitflap_core import topology
from splitflap_core.broker import BrokerLink, Subscription, backend_for
from splitflap_core.settings import CommonSettings

def take(delivery):
    print(delivery.body.decode(), flush=True)
    delivery.ack()

backend = backend_for(CommonSettings(data_dir=sys.argv[1]))
subscription = Subscription(topology.RENDER_QUEUE, 10)
opener = backend.opener("greedy")
BrokerLink("greedy", opener, subscriptions=[subscription], on_delivery=take).start()
threading.Event().wait()
"""


def greedy(folder: Path) -> subprocess.Popen[str]:
    """A process that consumes."""
    command = [sys.executable, "-c", GREEDY, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_consumer_loses_at_most_its_own_messages(
    tmp_path: Path, make_peer: MakePeer
) -> None:
    """Other consumers get each remaining message once."""
    sender = make_peer(embedded_broker(tmp_path)).started()
    bodies = numbered(2000)
    sender.send(*bodies)
    with greedy(tmp_path) as process:
        assert process.stdout
        process.stdout.readline()
        receiver = make_peer(embedded_broker(tmp_path), RENDER, acks=True).started()
        receiver.receive(50)
        process.send_signal(signal.SIGKILL)
        taken = process.stdout.read().splitlines()
    sender.send(b"end")
    receiver.wait(lambda: b"end" in receiver.bodies, "the last message")
    received = set(receiver.bodies)
    assert len(received) == len(receiver.bodies)
    assert not received & {line.encode() for line in taken}
    # The consumer may have lost one unnamed message, and its prefetch.
    assert len(bodies) - len(received) - len(taken) <= 12


def test_a_malformed_file_is_delivered_as_a_broken_message(
    tmp_path: Path, make_peer: MakePeer
) -> None:
    """Its receiver can then make it a dead letter."""
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    broken = [b"not json", b"\xff\xfe", b"[]", b'{"properties": 5}', b"", b"null", b"[" * 5000]
    of = {
        "delivery_tag": "1",
        "delivery_info": {"exchange": "jobs", "routing_key": "render"},
    }
    wrong: list[dict[str, Any]] = [
        {"headers": [1]},
        {"body": "\ud800"},
        {"headers": {"compression": "bogus"}},
        {"headers": {"x": {"__type__": "datetime", "__value__": 5}}},
        {"properties": {**of, "body_encoding": "base64"}},
        {"properties": {**of, "body_encoding": "rot13"}},
        {"properties": {**of, "delivery_info": {}}},
        {"properties": {**of, "delivery_tag": 1}},
    ]
    whole = {"body": "a", "properties": of}
    broken += [json.dumps({**whole, **each}).encode() for each in wrong]
    for number, content in enumerate(broken):
        (tmp_path / "broker" / "render" / f"{number}").write_bytes(content)
    peer.receive(len(broken))
    assert peer.bodies[0] == b"not json"
    peer.deliveries[0].requeue()
    assert peer.receive(len(broken) + 1)[-1].body == b"not json"
    peer.send(b"after")
    peer.receive(len(broken) + 2)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Limit the files of this process to a size in bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_settles_messages_as_not_sent(tmp_path: Path, make_peer: MakePeer) -> None:
    """The link stays up, and leaves no unfinished files."""
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    peer.send(b"before")
    peer.receive(1)
    with full_disk(20_000):
        peer.publish(b"x" * 100_000)
        peer.wait(lambda: len(peer.unsent) == 1, "the refusal")
        assert not list((tmp_path / "broker").glob(".*"))
    assert peer.link.up
    peer.deliveries[0].ack()
    peer.send(b"after")
    assert peer.receive(2)[1].body == b"after"


def test_old_unfinished_files_are_removed(
    tmp_path: Path, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of running processes stay."""
    folder = tmp_path / "broker"
    folder.mkdir()
    left = folder / ".00000000000000000001-left"
    left.touch()
    # The content is old, but the rename (ctime) is new, and only that counts.
    os.utime(left, (0, 0))
    make_peer(embedded_broker(tmp_path)).started()
    assert left.exists()
    monkeypatch.setattr(filesystem, "LEFT_BEHIND_AFTER", -1.0)
    make_peer(embedded_broker(tmp_path)).started()
    assert not left.exists()


def test_a_removed_folder_is_created_again(tmp_path: Path, make_peer: MakePeer) -> None:
    """The link opens a new session."""
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    (tmp_path / "broker" / "render").rename(tmp_path / "elsewhere")
    peer.wait((tmp_path / "broker" / "render").exists, "the folder")
    peer.wait(lambda: peer.link.up, "the link")
    peer.send(b"after")
    peer.receive(1)
