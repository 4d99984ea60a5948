"""The folders of the embedded broker: one for each queue, and one for each session.

    broker/render/NAME                     a ready message of the queue `render`
    broker/render/.undeclared              a worker made this folder, and the API has not seen it
    broker/.sessions/ID.lock               locked by the session (flock) for its life
    broker/.sessions/ID/unfinished         the message that the session writes
    broker/.sessions/ID/render/NAME        a message that the session holds
    broker/.sessions/ID/render/.consumer   the session consumes the queue

A message moves by rename, so it is complete and in one place at any time. The kernel frees the lock
of a killed process. Any other session then takes the lock, and gives the messages back.

A name is TIME-TOKEN.FAILED. The time gives the order, and FAILED counts the failed deliveries.
"""

import fcntl
import logging
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

logger = logging.getLogger(__name__)

#: The folder of all sessions, in the broker's folder. No queue has a hidden name.
SESSIONS = ".sessions"

#: Names in that folder, and in a session's own folder.
LOCK_SUFFIX = ".lock"
UNFINISHED = "unfinished"
CONSUMER = ".consumer"

#: The mark of a new queue, in its folder.
UNDECLARED = ".undeclared"

#: Entries of a folder read before other green threads run.
ENTRIES_AT_ONCE = 1000

_FAILED = re.compile(r"\.(\d{1,4})$")
_ORDER = re.compile(r"\d{20}(?=-[0-9a-f]{32}\.\d+$)")

#: The descriptors of this process's locks.
_open_locks: set[int] = set()


def _forget_locks() -> None:
    """Close the locks that a forked process inherits: they would outlive their session."""
    for fd in _open_locks:
        os.close(fd)
    _open_locks.clear()


os.register_at_fork(after_in_child=_forget_locks)


def make_folder(path: Path) -> None:
    """Make the folder, unless it exists."""
    path.mkdir(parents=True, exist_ok=True)


def make_queue(path: Path, *, declares: bool) -> bool:
    """Make the folder of a queue. Return whether it is new for the sessions that declare queues.

    Any session makes a missing folder, so services start in any order. It marks the folder for the
    sessions that declare: the earlier messages of the queue are lost.
    """
    mark = path / UNDECLARED
    is_new = True
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        is_new = mark.exists()
    if declares:
        mark.unlink(missing_ok=True)
    elif is_new:
        mark.touch()
    return is_new


def is_undeclared(queue: Path) -> bool:
    """Whether the folder of a queue was made anew, and no session has declared it yet."""
    return (queue / UNDECLARED).exists()


def messages(folder: Path) -> Iterator[str]:
    """The names of the messages in a folder, in no order. Other green threads run in between."""
    with os.scandir(folder) as entries:
        for number, entry in enumerate(entries, 1):
            if number % ENTRIES_AT_ONCE == 0:
                time.sleep(0)
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                yield entry.name


def new_name(order: int) -> str:
    """The name of a new message."""
    return f"{order:020d}-{uuid.uuid4().hex}.0"


def order_of(name: str) -> int:
    """The time in a message's name; 0 in a name of another form."""
    found = _ORDER.match(name)
    return int(found[0]) if found else 0


def failed_deliveries(name: str) -> int:
    """The failed deliveries of a message, by its name."""
    found = _FAILED.search(name)
    return int(found[1]) if found else 0


class SessionFolder:
    """The folder of a running session, with its lock."""

    def __init__(self, root: Path, name: str) -> None:
        """Make the folder in the broker's folder `root`. Its id begins with `name`."""
        self._root = root
        #: The folder of all sessions, with their lock files.
        self.of_all = root / SESSIONS
        make_folder(self.of_all)
        self._id, self._lock_fd = _new_lock(self.of_all, name)
        self._path = self.of_all / self._id
        make_folder(self._path)

    @property
    def unfinished(self) -> Path:
        """The message that this session writes."""
        return self._path / UNFINISHED

    def held(self, queue: str, name: str) -> Path:
        """A message that this session holds."""
        return self._path / queue / name

    def add_consumer(self, queue: str) -> None:
        """Note that this session consumes the queue."""
        make_folder(self._path / queue)
        (self._path / queue / CONSUMER).touch()

    def remove_consumer(self, queue: str) -> None:
        """Note that this session no longer consumes the queue. It keeps the messages it holds."""
        (self._path / queue / CONSUMER).unlink()

    def consumers(self, queue: str) -> int:
        """How many sessions consume the queue. Call `give_back_of_dead` before."""
        return sum((each / queue / CONSUMER).exists() for each in self.of_all.iterdir())

    def give_back_of_dead(self) -> int:
        """Give back the messages of all sessions that ended without doing so. Return their number.

        Each message then has one failed delivery more. A session that is ended in the middle of
        this leaves the rest to the next one.

        Raises:
            FileNotFoundError: this session's own folder was removed.
        """
        entries = {each.name for each in self.of_all.iterdir()}
        if not entries >= {self._id, self._id + LOCK_SUFFIX}:
            raise FileNotFoundError(f"the folder {self._path} or its lock file was removed")
        ids = {each.removesuffix(LOCK_SUFFIX) for each in entries} - {self._id}
        return sum(self._give_back_if_dead(each, each + LOCK_SUFFIX in entries) for each in ids)

    def close(self) -> None:
        """Give all messages back, and end the session. After an error the kernel frees the lock.

        Raises:
            OSError: something was not given back. It is left to the other sessions.
        """
        try:
            _, errors = _give_back(self._root, self._path, failed=False)
            if errors:
                raise errors[0]
            (self.of_all / (self._id + LOCK_SUFFIX)).unlink(missing_ok=True)
        finally:
            _unlock(self._lock_fd)

    def _give_back_if_dead(self, session_id: str, has_lock_file: bool) -> int:
        lock_file = self.of_all / (session_id + LOCK_SUFFIX)
        # Only a session that was removed by hand has no lock file. Closing a file that is open for
        # writing would wake all sessions, so this one is open for reading.
        fd = _try_lock(lock_file, os.O_RDONLY | (0 if has_lock_file else os.O_CREAT))
        if fd is None:
            return 0
        try:
            count, errors = _give_back(self._root, self.of_all / session_id, failed=True)
            with _noting(errors):
                if not errors:
                    lock_file.unlink(missing_ok=True)
        finally:
            _unlock(fd)
        if errors:
            _report(session_id, str(errors[0]))
        return count


def _give_back(root: Path, folder: Path, *, failed: bool) -> tuple[int, list[OSError]]:
    """Return the messages of a locked session to their queues, and remove its folder.

    `failed`: their deliveries count as failed. Returns the number of messages, and the errors of
    the entries that stay. Splitflap makes no such entry. One that somebody else made must not keep
    the messages beside it.
    """
    count = 0
    errors: list[OSError] = []
    with _noting(errors):
        # A session may have been killed after it had removed the folder.
        for entry in list(folder.iterdir()) if folder.exists() else ():
            with _noting(errors):
                if entry.name == UNFINISHED:
                    entry.unlink()
                else:
                    count += _move_back(entry, root / entry.name, errors, failed=failed)
        if not errors and folder.exists():
            folder.rmdir()
    return count, errors


def _move_back(held: Path, queue: Path, errors: list[OSError], *, failed: bool) -> int:
    """Move the messages that a session holds back to their queue, and remove the folder."""
    count = 0
    for name in list(messages(held)):
        with _noting(errors):
            (held / name).rename(queue / (_failed_again(name) if failed else name))
            count += 1
    with _noting(errors):
        (held / CONSUMER).unlink(missing_ok=True)
        held.rmdir()
    return count


@contextmanager
def _noting(errors: list[OSError]) -> Iterator[None]:
    """Note an error of the block, and go on behind it."""
    try:
        yield
    except OSError as error:
        errors.append(error)


def _failed_again(name: str) -> str:
    return f"{_FAILED.sub('', name)}.{failed_deliveries(name) + 1}"


def _new_lock(sessions: Path, name: str) -> tuple[str, int]:
    """The id and the locked descriptor of a new session.

    Another session may lock the new file first, and remove it. Then the next id is tried.
    """
    while True:
        session_id = f"{name}-{uuid.uuid4().hex[:12]}"
        path = sessions / (session_id + LOCK_SUFFIX)
        fd = _try_lock(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        if fd is not None:
            return session_id, fd


def _try_lock(path: Path, flags: int) -> int | None:
    """Open and lock a file. None if another session has the lock, or has removed the file."""
    try:
        fd = os.open(path, flags, 0o666)
    except FileNotFoundError:
        return None
    _open_locks.add(fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A lock on a removed file excludes nobody.
        if os.path.samestat(os.fstat(fd), path.stat()):
            return fd
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        _unlock(fd)
        raise
    _unlock(fd)
    return None


def _unlock(fd: int) -> None:
    # A forked process has closed its copy already.
    if fd in _open_locks:
        _open_locks.discard(fd)
        os.close(fd)


@cache
def _report(session_id: str, error: str) -> None:
    logger.error(
        "embedded broker: some contents of the ended session %s were not given back (%s); retrying",
        session_id,
        error,
    )
