"""The embedded broker under killed and stopped processes, malformed files and full disks."""

import errno
import json
import os
import random
import resource
import signal
import subprocess
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from splitflap_core import topology
from splitflap_core.broker import Subscription
from splitflap_core.broker.embedded import folder_watch
from splitflap_core.broker.embedded.folder_watch import SCAN_EVERY, FolderWatch
from splitflap_core.broker.embedded.folders import new_name
from splitflap_core.broker.embedded.inotify import Inotify

from tests.support import gone, message_files, wait_until
from tests.support.peer import RENDER, Peer, embedded_broker, numbered

from .conftest import MakePeer
from .consumer import PREFETCH, consumer


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """The next lines that a process prints."""
    assert process.stdout
    return [process.stdout.readline().strip() for _ in range(count)]


def files(folder: Path) -> list[str]:
    """The queue `render`: all its messages, ready or held, without the count of failures."""
    return [path.stem for path in message_files(folder / "broker", "render")]


def ready(folder: Path) -> int:
    """The ready messages of the queue `render`."""
    return len(list((folder / "broker" / "render").iterdir()))


@pytest.fixture(params=[[], ["green"]], ids=["threads", "green"])
def kind(request: pytest.FixtureRequest) -> list[str]:
    """Consumers with threads, and consumers with eventlet's green threads."""
    options: list[str] = request.param
    return options


@pytest.fixture(params=[True, False], ids=["inotify", "scans"])
def inotify(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With inotify, and on a system without it."""
    if not request.param:

        def missing(_: Inotify) -> None:
            raise OSError("none here")

        monkeypatch.setattr(Inotify, "__init__", missing)
    return bool(request.param)


# -- killed and stopped processes ----------------------------------------------------------------


@pytest.mark.usefixtures("inotify")
def test_the_messages_of_a_killed_consumer_are_delivered_again(
    tmp_path: Path, make_peer: MakePeer, kind: list[str]
) -> None:
    """Each of them has one failed delivery more. The receiver was there before."""
    receiver = make_peer(embedded_broker(tmp_path), RENDER).started()
    receiver.link.pause(3600)
    receiver.wait(lambda: not receiver.link._consuming, "the pause")
    receiver.send(*numbered(PREFETCH))
    with consumer(tmp_path, "hold", *kind) as process:
        lines(process, PREFETCH)
        assert ready(tmp_path) == 0
        process.send_signal(signal.SIGKILL)
        receiver.wait(lambda: ready(tmp_path) == PREFETCH, "the messages in their queue")
    receiver.link.pause(0)
    received = receiver.receive(PREFETCH)
    assert sorted(each.body for each in received) == sorted(numbered(PREFETCH))
    assert {each.received.deliveries for each in received} == {1}


def test_each_kill_counts_as_a_failed_delivery(tmp_path: Path, make_peer: MakePeer) -> None:
    """A message that kills its consumers can be told from the others."""
    peer = make_peer(embedded_broker(tmp_path)).started()
    peer.send(b"deadly")
    for _ in range(3):
        with consumer(tmp_path, "hold") as process:
            lines(process, 1)
    receiver = make_peer(embedded_broker(tmp_path), RENDER).started()
    assert receiver.receive(1)[0].received.deliveries == 3


def test_a_stop_counts_no_failed_delivery(tmp_path: Path, make_peer: MakePeer) -> None:
    """The messages are in their queue again at once."""
    first = make_peer(embedded_broker(tmp_path), RENDER).started()
    first.send(*numbered(5))
    first.receive(5)
    first.link.stop(5)
    assert ready(tmp_path) == 5
    second = make_peer(embedded_broker(tmp_path), RENDER).started()
    assert {each.received.deliveries for each in second.receive(5)} == {0}


@pytest.mark.parametrize("child", ["fork", "exec"])
def test_a_child_process_does_not_keep_a_killed_session_alive(
    tmp_path: Path, make_peer: MakePeer, child: str
) -> None:
    """A forked child shares the parent's descriptors, and so its lock."""
    peer = make_peer(embedded_broker(tmp_path)).started()
    peer.send(b"held")
    with consumer(tmp_path, "fork") as process:
        _, children = lines(process, 2)
        executed, forked = map(int, children.split()[1:])
        kept, ended = (forked, executed) if child == "fork" else (executed, forked)
        try:
            os.kill(ended, signal.SIGKILL)
            process.kill()
            peer.wait(lambda: ready(tmp_path) == 1, "the message in its queue")
            assert not gone(kept)
        finally:
            os.kill(kept, signal.SIGKILL)


def test_a_stopped_consumer_keeps_its_messages(tmp_path: Path, make_peer: MakePeer) -> None:
    """SIGSTOP frees no lock, so the messages are not done twice."""
    peer = make_peer(embedded_broker(tmp_path), RENDER)
    sender = make_peer(embedded_broker(tmp_path)).started()
    sender.send(*numbered(PREFETCH))
    with consumer(tmp_path, "hold") as process:
        lines(process, PREFETCH)
        process.send_signal(signal.SIGSTOP)
        peer.started()
        sender.send(b"later")
        assert [each.body for each in peer.receive(1)] == [b"later"]
        assert ready(tmp_path) == 0
    peer.receive(1 + PREFETCH)


def test_no_message_is_lost_or_doubled_by_killed_consumers(
    tmp_path: Path, make_peer: MakePeer, kind: list[str]
) -> None:
    """Processes take messages and give them back, until they are killed."""
    rng = random.Random(16)
    bodies = numbered(200)
    sender = make_peer(embedded_broker(tmp_path)).started()
    sender.send(*bodies)
    for _ in range(4):
        with ExitStack() as stack:
            running = [stack.enter_context(consumer(tmp_path, "return", *kind)) for _ in range(3)]
            for process in running:
                lines(process, rng.randrange(1, 60))
                process.kill()
    receiver = make_peer(embedded_broker(tmp_path), RENDER, acks=True).started()
    receiver.receive(len(bodies))
    receiver.wait(lambda: files(tmp_path) == [], "the acks")
    assert sorted(receiver.bodies) == sorted(bodies)


def test_sessions_that_give_back_may_be_killed_too(tmp_path: Path, make_peer: MakePeer) -> None:
    """Each message is in one place at any time, whoever moves it."""
    bodies = numbered(300)
    make_peer(embedded_broker(tmp_path)).started().send(*bodies)
    names = sorted(files(tmp_path))
    for _ in range(10):
        with ExitStack() as stack:
            group = [stack.enter_context(consumer(tmp_path, "hold")) for _ in range(2)]
            lines(group[0], 1)
            for process in group:
                process.kill()
    receiver = make_peer(
        embedded_broker(tmp_path), Subscription(topology.JOB_QUEUES["render"], 1000)
    )
    receiver.started().receive(len(bodies))
    assert sorted(receiver.bodies) == sorted(bodies)
    assert sorted(files(tmp_path)) == names


def test_a_message_comes_twice_only_if_its_consumer_was_killed(
    tmp_path: Path, make_peer: MakePeer
) -> None:
    """An acked message does not come again."""
    bodies = numbered(2000)
    make_peer(embedded_broker(tmp_path)).started().send(*bodies)
    with consumer(tmp_path, "ack") as process:
        first = lines(process, 100)
        receiver = make_peer(embedded_broker(tmp_path), RENDER, acks=True).started()
        receiver.receive(50)
        process.kill()
        assert process.stdout
        first += process.stdout.read().splitlines()
    receiver.wait(lambda: files(tmp_path) == [], "the acks")
    times = Counter(receiver.bodies)
    times.update(line.encode() for line in first)
    assert sorted(times) == sorted(bodies)
    twice = {body for body, count in times.items() if count > 1}
    again = [each for each in receiver.deliveries if each.received.deliveries]
    assert twice <= {each.body for each in again}
    assert len(again) <= PREFETCH


# -- waiting -------------------------------------------------------------------------------------


def test_an_idle_link_waits_for_a_report_of_inotify(
    tmp_path: Path, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not scan the folders again and again."""
    waits: list[float] = []
    wait = FolderWatch.wait

    def noted(watch: FolderWatch, seconds: float) -> int:
        waits.append(seconds)
        return wait(watch, seconds)

    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    sender = make_peer(embedded_broker(tmp_path))
    monkeypatch.setattr(FolderWatch, "wait", noted)
    peer.wait(lambda: len(waits) >= 4, "four waits")
    assert max(waits) > SCAN_EVERY / 2
    sender.started().send(b"news")
    peer.receive(1)


def test_inotify_reports_a_message_without_a_scan(
    tmp_path: Path, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next scan would come in an hour."""
    monkeypatch.setattr(folder_watch, "SCAN_EVERY", 3600.0)
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    peer.wait(lambda: peer.link._consuming, "the first scan")
    make_peer(embedded_broker(tmp_path)).started().send(b"news")
    peer.receive(1)


@pytest.mark.usefixtures("inotify")
def test_a_message_from_another_process_is_delivered(tmp_path: Path, make_peer: MakePeer) -> None:
    """The link waits for inotify, or scans the folder every 20 ms."""
    peer = make_peer(embedded_broker(tmp_path), RENDER, acks=True).started()
    for count in range(1, 20):
        unfinished = tmp_path / "unfinished"
        unfinished.write_bytes(b"{}\n%d" % count)
        unfinished.rename(tmp_path / "broker" / "render" / new_name(count))
        peer.receive(count)
    assert peer.bodies == [b"%d" % count for count in range(1, 20)]


def test_exhausted_inotify_instances_are_one_log_line(
    tmp_path: Path,
    make_peer: MakePeer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """All sessions of the process then scan their folders."""

    def exhausted(_: Inotify) -> None:
        raise OSError(errno.EMFILE, "too many instances")

    monkeypatch.setattr(Inotify, "__init__", exhausted)
    peers = [make_peer(embedded_broker(tmp_path), RENDER, acks=True).started() for _ in range(2)]
    peers[0].send(*numbered(20))
    wait_until(lambda: sum(len(each.bodies) for each in peers) == 20)
    assert len([each for each in caplog.messages if "too many instances" in each]) == 1


# -- files ---------------------------------------------------------------------------------------


def put(folder: Path, name: str, content: bytes) -> None:
    """Rename a file into the queue `render`."""
    unfinished = folder / "unfinished"
    unfinished.write_bytes(content)
    unfinished.rename(folder / "broker" / "render" / name)


def test_a_malformed_file_is_delivered_as_a_broken_message(
    tmp_path: Path, make_peer: MakePeer
) -> None:
    """Its receiver can then make it a dead letter. The body has all of its bytes."""
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    broken = [b"not json", b"\xff\xfe\n", b"[]\n[]", b'{"properties": 5}', b"", b"null", b"5\nx"]
    broken += [b"[" * 5000, b'{"a"\n{}', b'{"properties":{"body_encoding":"base64"},"body":5}']
    for number, content in enumerate(broken):
        put(tmp_path, f"{number}", content)
    peer.receive(len(broken))
    assert sorted(peer.bodies) == sorted(broken)
    peer.deliveries[0].requeue()
    assert peer.receive(len(broken) + 1)[-1].body == peer.bodies[0]
    peer.send(b"after")
    peer.receive(len(broken) + 2)


def test_messages_of_the_release_before_are_delivered(tmp_path: Path, make_peer: MakePeer) -> None:
    """An upgrade needs no empty queues."""
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    left = {
        "body": b64encode(b"\x00left").decode(),
        "content-type": "application/json",
        "headers": {"splitflap-reason": "why"},
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": "1",
            "delivery_info": {"exchange": "jobs", "routing_key": "render"},
        },
    }
    put(tmp_path, f"{5:020d}-{'0' * 32}", json.dumps(left).encode())
    received = peer.receive(1)[0].received
    assert received.body == b"\x00left"
    assert received.headers == {"splitflap-reason": "why"}


def test_other_things_in_a_queue_are_left_alone(tmp_path: Path, make_peer: MakePeer) -> None:
    """A pipe would block the link for good."""
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    queue = tmp_path / "broker" / "render"
    (queue / "folder").mkdir()
    (queue / ".hidden").touch()
    (queue / "link").symlink_to("/dev/zero")
    os.mkfifo(queue / "pipe")
    peer.send(b"message")
    assert [each.body for each in peer.receive(1)] == [b"message"]
    assert len(list(queue.iterdir())) == 4


def test_an_unreadable_message_stays_and_blocks_no_other(
    tmp_path: Path, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user may have put it there."""
    read = Path.read_bytes

    def guarded(path: Path) -> bytes:
        if path.name == "unreadable":
            raise PermissionError(str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", guarded)
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    put(tmp_path, "unreadable", b"{}\n")
    peer.send(b"after")
    assert [each.body for each in peer.receive(1)] == [b"after"]
    assert (tmp_path / "broker" / "render" / "unreadable").exists()


def test_a_message_beyond_the_delivery_limit_is_a_dead_letter(
    tmp_path: Path, make_peer: MakePeer
) -> None:
    """Otherwise a message that kills each consumer would do so for ever."""
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    dead = make_peer(embedded_broker(tmp_path), Subscription(topology.DEAD_QUEUE, 10)).started()
    for failed in (topology.DELIVERY_LIMIT, topology.DELIVERY_LIMIT + 1):
        put(
            tmp_path, f"{failed:020d}-0123456789abcdef0123456789abcdef.{failed}", b"{}\n%d" % failed
        )
    letter = dead.receive(1)[0]
    assert letter.body == b"%d" % (topology.DELIVERY_LIMIT + 1)
    assert letter.received.headers["x-first-death-queue"] == "render"
    assert [each.body for each in peer.receive(1)] == [b"%d" % topology.DELIVERY_LIMIT]


def test_a_dead_letter_beyond_the_delivery_limit_is_dropped(
    tmp_path: Path, make_peer: MakePeer
) -> None:
    """It has killed its consumer, the API, so often."""
    dead = make_peer(embedded_broker(tmp_path), Subscription(topology.DEAD_QUEUE, 10)).started()
    name = f"{5:020d}-{'0' * 32}.{topology.DELIVERY_LIMIT + 1}"
    (tmp_path / "unfinished").write_bytes(b"{}\ndeadly")
    (tmp_path / "unfinished").rename(tmp_path / "broker" / "dead" / name)
    dead.publish(b"after", exchange="dead")
    assert [each.body for each in dead.receive(1)] == [b"after"]
    wait_until(lambda: len(message_files(tmp_path / "broker", "dead")) == 1, "the removal")


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Limit the files of this process to a size in bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_turns_read_only_loses_no_message(
    tmp_path: Path, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session can neither take nor give back. The next one does both, once it may write."""
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    peer.send(b"held")
    peer.receive(1)

    def refuse(path: Path, _target: Path) -> Path:
        raise OSError(errno.EROFS, "read-only file system", str(path))

    with monkeypatch.context() as read_only:
        read_only.setattr(Path, "rename", refuse)
        (tmp_path / "unfinished").write_bytes(b"{}\nwaiting")
        os.rename(tmp_path / "unfinished", tmp_path / "broker" / "render" / new_name(1))  # noqa: PTH104 - as another process does
        peer.wait(lambda: len(peer.created) >= 2, "a second session")
    peer.receive(3)
    assert sorted(peer.bodies) == [b"held", b"held", b"waiting"]
    assert [each.received.deliveries for each in peer.deliveries if each.body == b"held"] == [0, 1]


def unfinished_files(folder: Path) -> list[Path]:
    """The files of messages that are being written."""
    return list((folder / "broker" / ".sessions").glob("*/unfinished"))


def test_a_full_disk_settles_messages_as_not_sent(tmp_path: Path, make_peer: MakePeer) -> None:
    """The link stays up, and leaves no unfinished files."""
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    peer.send(b"before")
    peer.receive(1)
    with full_disk(20_000):
        peer.publish(b"x" * 100_000)
        peer.wait(lambda: len(peer.unsent) == 1, "the refusal")
        assert unfinished_files(tmp_path) == []
    assert peer.link.up
    peer.deliveries[0].ack()
    peer.send(b"after")
    assert peer.receive(2)[1].body == b"after"


def test_unfinished_files_of_killed_processes_are_removed(
    tmp_path: Path, make_peer: MakePeer
) -> None:
    """Those of running processes stay."""
    sessions = tmp_path / "broker" / ".sessions"
    make_peer(embedded_broker(tmp_path), name="running").started()
    with consumer(tmp_path, "hold") as process:
        make_peer(embedded_broker(tmp_path), name="sender").started().send(b"message")
        lines(process, 1)
        for each in [*sessions.glob("running-*[!k]"), *sessions.glob("consumer-*[!k]")]:
            (each / "unfinished").touch()
        assert len(unfinished_files(tmp_path)) == 2
    wait_until(lambda: not list(sessions.glob("consumer-*")), "the end of the killed session")
    assert ready(tmp_path) == 1
    assert len(unfinished_files(tmp_path)) == 1


@pytest.mark.parametrize("removed", ["broker", "broker/render", "broker/.sessions"])
def test_a_removed_folder_is_created_again(
    tmp_path: Path, make_peer: MakePeer, removed: str
) -> None:
    """The link opens a new session."""
    peer: Peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    (tmp_path / removed).rename(tmp_path / "elsewhere")
    peer.wait((tmp_path / removed).exists, "the folder")
    peer.wait(lambda: peer.link.up, "the link")
    peer.send(b"after")
    peer.receive(1)


def test_a_folder_that_was_removed_and_made_again_is_watched(
    tmp_path: Path, make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watch ends with its folder. The next scan would come in an hour."""
    peer = make_peer(embedded_broker(tmp_path), RENDER).started()
    peer.wait(lambda: peer.link._consuming, "the watch")
    monkeypatch.setattr(folder_watch, "SCAN_EVERY", 3600.0)
    queue = tmp_path / "broker" / "render"
    queue.rmdir()
    queue.mkdir()
    peer.wait(lambda: len(peer.created) == 2 and peer.link._consuming, "a new session")
    make_peer(embedded_broker(tmp_path)).started().send(b"news")
    peer.receive(1)
