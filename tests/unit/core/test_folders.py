"""The embedded broker's folders: names, locks, and sessions that race.

A test ends a session like a killed process: it closes the lock's descriptor (private), and leaves
all files.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from splitflap_core import topology
from splitflap_core.broker.embedded import message_file
from splitflap_core.broker.embedded.folders import (
    SESSIONS,
    SessionFolder,
    _unlock,
    failed_deliveries,
    make_queue,
    messages,
    new_name,
    order_of,
)
from splitflap_core.broker.embedded.session import EmbeddedSession
from splitflap_core.broker.messages import OutgoingMessage
from splitflap_core.broker.waker import Waker


def holding(root: Path, count: int) -> SessionFolder:
    """A session that holds messages of the queue `render`."""
    make_queue(root / "render", declares=True)
    session = SessionFolder(root, "holder")
    session.add_consumer("render")
    for order in range(count):
        session.held("render", new_name(order)).touch()
    return session


def die(session: SessionFolder) -> None:
    """End a session like a killed process."""
    _unlock(session._lock_fd)


def failures(root: Path) -> list[int]:
    """The failed deliveries of the ready messages."""
    return [failed_deliveries(name) for name in messages(root / "render")]


# -- names and files -----------------------------------------------------------------------------


def test_a_name_has_the_order_and_the_failed_deliveries() -> None:
    """Names sort by their order."""
    assert order_of(new_name(7)) == 7
    assert new_name(9) < new_name(10)
    assert failed_deliveries(new_name(7)) == 0


@pytest.mark.parametrize("name", ["", "a", "9" * 20, "9" * 20 + "-x.0", "message", "-.0"])
def test_a_name_of_another_form_has_no_order(name: str) -> None:
    """Such a name must not move the order of new messages."""
    assert order_of(name) == 0
    assert failed_deliveries(name) == 0


def test_headers_and_body_arrive_as_they_were_sent() -> None:
    """The body may have lines, and the headers any text."""
    headers = {"reason": "line\nline \ud800 \u00e9", "n": 5}
    for body in (b"", b"\n", b"a\nb\xff", b"{}\n{}"):
        assert message_file.decode(message_file.encode(headers, body)) == (headers, body)


def test_new_messages_come_last_after_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds within a session, and for a new one."""

    def publish(session: EmbeddedSession, body: bytes) -> None:
        session.publish(OutgoingMessage("jobs", "render", body, lambda _: None))

    first = EmbeddedSession(tmp_path, "first", Waker())
    publish(first, b"0")
    hour_ago = time.time_ns() - 3_600_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: hour_ago)
    publish(first, b"1")
    publish(EmbeddedSession(tmp_path, "second", Waker()), b"2")
    queue = tmp_path / "render"
    assert [(queue / name).read_bytes()[-1:] for name in sorted(messages(queue))] == [
        b"0",
        b"1",
        b"2",
    ]


# -- queues --------------------------------------------------------------------------------------


def opened(root: Path, *, declares: bool) -> EmbeddedSession:
    """A new session."""
    return EmbeddedSession(root, "session", Waker(), declares=declares)


def test_the_first_declaring_session_learns_of_new_queues(tmp_path: Path) -> None:
    """A worker may have made the folders before. All messages of before are lost."""
    everything = frozenset(queue.name for queue in topology.QUEUES)
    opened(tmp_path, declares=False)
    assert opened(tmp_path, declares=True).created == everything
    assert opened(tmp_path, declares=True).created == frozenset()


def test_a_declaring_session_notices_a_queue_that_was_made_again(tmp_path: Path) -> None:
    """Somebody removed the folder, and a worker made it before the API could."""
    api = opened(tmp_path, declares=True)
    (tmp_path / "render").rmdir()
    with pytest.raises(FileNotFoundError):
        api.depth("render")
    opened(tmp_path, declares=False)
    with pytest.raises(FileNotFoundError):
        api.depth("render")
    assert opened(tmp_path, declares=True).created == {"render"}
    assert api.depth("render").ready == 0


def test_the_messages_of_a_dead_session_wait_for_their_queue(tmp_path: Path) -> None:
    """Only a session that opens makes the folder, so that its loss is noticed."""
    die(holding(tmp_path, 2))
    (tmp_path / "render").rmdir()
    session = SessionFolder(tmp_path, "one")
    assert session.give_back_of_dead() == 0
    (tmp_path / "render").mkdir()
    assert session.give_back_of_dead() == 2


# -- sessions ------------------------------------------------------------------------------------


def test_the_messages_of_a_dead_session_are_given_back_once(tmp_path: Path) -> None:
    """Its folder and its lock file are removed."""
    die(holding(tmp_path, 3))
    one, other = SessionFolder(tmp_path, "one"), SessionFolder(tmp_path, "other")
    assert one.give_back_of_dead() == 3
    assert other.give_back_of_dead() == 0
    assert failures(tmp_path) == [1, 1, 1]
    assert not list((tmp_path / SESSIONS).glob("holder*"))


def test_a_running_session_keeps_its_messages(tmp_path: Path) -> None:
    """It holds the lock, however old it is."""
    session = holding(tmp_path, 3)
    assert SessionFolder(tmp_path, "other").give_back_of_dead() == 0
    session.close()
    assert failures(tmp_path) == [0, 0, 0]


def during_rename(
    monkeypatch: pytest.MonkeyPatch, number: int, event: Callable[[], object]
) -> None:
    """Let something happen before the rename with this number, counted from 1."""
    rename, left = Path.rename, [number]

    def interrupted(path: Path, target: Path) -> Any:
        left[0] -= 1
        if not left[0]:
            event()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)


def test_two_sessions_that_find_one_dead_session_share_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the first gives back. Each message gets one failed delivery."""
    die(holding(tmp_path, 5))
    one, other = SessionFolder(tmp_path, "one"), SessionFolder(tmp_path, "other")
    found: list[int] = []
    during_rename(monkeypatch, 3, lambda: found.append(other.give_back_of_dead()))
    assert one.give_back_of_dead() == 5
    assert found == [0]
    assert failures(tmp_path) == [1] * 5


class Killed(BaseException):
    """Ends a session at any place."""


def test_a_session_that_dies_while_it_gives_back_leaves_the_rest_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No message counts the failed delivery twice."""
    die(holding(tmp_path, 5))

    def kill() -> None:
        raise Killed

    during_rename(monkeypatch, 3, kill)
    with pytest.raises(Killed):
        SessionFolder(tmp_path, "one").give_back_of_dead()
    assert failures(tmp_path) == [1, 1]
    assert SessionFolder(tmp_path, "next").give_back_of_dead() == 3
    assert failures(tmp_path) == [1] * 5


@pytest.mark.parametrize("removes", [False, True], ids=["locks it", "removes it"])
def test_a_new_session_survives_a_search_before_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removes: bool
) -> None:
    """Another session takes the new lock file for that of a dead session."""
    other = SessionFolder(tmp_path, "other")
    flock = fcntl.flock
    foreign: list[int] = []

    def search_first(fd: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        if removes:
            other.give_back_of_dead()
        else:
            (lock_file,) = (tmp_path / SESSIONS).glob("new-*.lock")
            foreign.append(os.open(lock_file, os.O_RDONLY))
            flock(foreign[0], operation)
        flock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", search_first)
    new = SessionFolder(tmp_path, "new")
    new.add_consumer("render")
    assert other.give_back_of_dead() == 0
    assert other.consumers("render") == 1
    new.give_back_of_dead()  # raises if its folder or its lock is gone
    for fd in foreign:
        os.close(fd)


def test_a_folder_without_a_lock_file_is_given_back(tmp_path: Path) -> None:
    """Somebody removed the lock file by hand."""
    session = holding(tmp_path, 2)
    die(session)
    for lock_file in (tmp_path / SESSIONS).glob("*.lock"):
        lock_file.unlink()
    assert SessionFolder(tmp_path, "other").give_back_of_dead() == 2


def test_a_lock_file_without_a_folder_is_removed(tmp_path: Path) -> None:
    """A session was killed between the two removals."""
    (tmp_path / SESSIONS).mkdir()
    (tmp_path / SESSIONS / "old.lock").touch()
    assert SessionFolder(tmp_path, "other").give_back_of_dead() == 0
    assert not (tmp_path / SESSIONS / "old.lock").exists()


@pytest.mark.parametrize("removed", ["folder", "lock file"])
def test_a_session_notices_that_its_own_files_were_removed(tmp_path: Path, removed: str) -> None:
    """Its link opens a new session."""
    session = SessionFolder(tmp_path, "mine")
    for path in (tmp_path / SESSIONS).iterdir():
        if path.is_dir() and removed == "folder":
            path.rmdir()
        elif path.is_file() and removed == "lock file":
            path.unlink()
    with pytest.raises(FileNotFoundError):
        session.give_back_of_dead()


def test_a_dead_session_that_cannot_be_given_back_blocks_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One log line tells of it, and the next search tries again."""
    stuck = holding(tmp_path, 1)
    stuck.held("render", "folder").mkdir()
    die(stuck)
    other = SessionFolder(tmp_path, "other")
    for _ in range(3):
        other.give_back_of_dead()
    assert failures(tmp_path) == [1]
    assert len([each for each in caplog.messages if "were not given back" in each]) == 1


def foreign_file(session: SessionFolder) -> None:
    """A file in the place of a queue's folder."""
    session.unfinished.with_name("a file").touch()


def foreign_queue(session: SessionFolder) -> None:
    """A queue that no release has."""
    session.held("another queue", "").mkdir()
    session.held("another queue", "message").touch()


def foreign_folder(session: SessionFolder) -> None:
    """A folder among the messages."""
    session.held("render", "folder").mkdir()


def long_name(session: SessionFolder) -> None:
    """A name that has no place for one failed delivery more."""
    session.held("render", "0" * 255).touch()


@pytest.mark.parametrize("spoil", [foreign_file, foreign_queue, foreign_folder, long_name])
@pytest.mark.parametrize("first", [True, False])
def test_one_bad_entry_of_a_dead_session_keeps_no_message(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[SessionFolder], None],
    first: bool,
) -> None:
    """Wherever it is in the listing. One line tells of it, and it stays there."""
    stuck = holding(tmp_path, 3)
    spoil(stuck)
    die(stuck)
    scandir = os.scandir

    @contextmanager
    def sorted_scandir(path: Path) -> Iterator[list["os.DirEntry[str]"]]:
        with scandir(path) as entries:
            yield sorted(entries, key=lambda entry: entry.name, reverse=first)

    monkeypatch.setattr(os, "scandir", sorted_scandir)
    listed = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: sorted(listed(path), reverse=first))
    other = SessionFolder(tmp_path, "other")
    assert other.give_back_of_dead() == 3
    assert other.give_back_of_dead() == 0
    assert failures(tmp_path) == [1, 1, 1]
    assert len([each for each in caplog.messages if "were not given back" in each]) == 1


def test_one_bad_entry_keeps_no_message_at_a_stop(tmp_path: Path) -> None:
    """The session itself gives its messages back, without a failed delivery."""
    session = holding(tmp_path, 3)
    foreign_file(session)
    foreign_queue(session)
    with pytest.raises(OSError, match=r"a file|another queue"):
        session.close()
    assert failures(tmp_path) == [0, 0, 0]


def test_consumers_are_counted_while_they_consume(tmp_path: Path) -> None:
    """A killed one no longer counts after the search."""
    sessions = [holding(tmp_path, 1) for _ in range(3)]
    watcher = SessionFolder(tmp_path, "watcher")
    assert watcher.consumers("render") == 3
    sessions[0].remove_consumer("render")
    die(sessions[1])
    watcher.give_back_of_dead()
    assert watcher.consumers("render") == 1
