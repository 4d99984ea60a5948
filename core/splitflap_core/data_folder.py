"""The data folder: readable by its own user only, with locks for those who may exist only once."""

import fcntl
import logging
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Self, TextIO

logger = logging.getLogger(__name__)

#: New files have mode 0600, new folders 0700.
PRIVATE_UMASK = 0o077

#: The file whose lock the one API on the embedded database holds.
API_LOCK = "api.lock"

#: The names that Splitflap has in the folder. `lock` and `key` belong to the launcher.
OWN_NAMES = frozenset(
    {
        "splitflap.db",
        "splitflap.db-wal",
        "splitflap.db-shm",
        "splitflap.db-journal",
        "broker",
        API_LOCK,
        "lock",
        "key",
        "key.new",
    }
)

#: The root of a mounted volume may have this folder, which only root can read.
LOST_AND_FOUND = "lost+found"

#: The rights of the group and of others.
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO

#: Seconds between two attempts to take a lock.
RETRY_EVERY = 0.1


class FolderInUse(Exception):
    """Another process holds the lock. `holder` is its id, or `unknown`."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"in use by process {holder}")
        self.holder = holder


class FolderLock:
    """A lock on a file. It is free when this process and its forked children have left it or ended.

    `previous` is the id of a holder that was killed; empty if the last one left orderly.
    """

    def __init__(self, file: TextIO, previous: str) -> None:
        self._file = file
        self._owner = os.getpid()
        self.previous = previous

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if os.getpid() == self._owner:
            self._file.truncate(0)
        self._file.close()


def make_private(folder: Path) -> None:
    """Make the folder. Take the rights of the group and of others from what Splitflap keeps in it.

    Other contents keep their rights, and so does a folder that has some. An entry of another user
    keeps them too, with a warning.

    Raises:
        OSError: the folder cannot be made or read.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.scandir(folder) as entries:
        found = list(entries)
    foreign = sorted(
        entry.name for entry in found if entry.name not in {*OWN_NAMES, LOST_AND_FOUND}
    )
    refused: list[OSError] = []
    for entry in found:
        if entry.name in OWN_NAMES:
            _take_rights(entry, refused)
    if not foreign:
        _change(folder, 0o700, refused)
    elif not _is_private(folder.stat()):
        logger.warning(
            "data folder %s: has contents that are not Splitflap's (such as %s), so the folder "
            "itself keeps its mode; give Splitflap a folder of its own",
            folder,
            foreign[0],
        )
    if refused:
        logger.warning(
            "data folder %s: cannot take the rights of other users (%s); "
            "make this process's user its owner, or run chmod -R go= on it",
            folder,
            refused[0],
        )


def take_lock(path: Path, timeout: float = 0.0) -> FolderLock:
    """Lock a file of the folder, and write this process's id into it.

    Raises:
        FolderInUse: another process held the lock for `timeout` seconds.
        OSError: the file cannot be opened or locked.
    """
    give_up_at = time.monotonic() + timeout
    file = path.open("a+", encoding="ascii", errors="replace")
    while not _is_locked(file):
        if time.monotonic() >= give_up_at:
            holder = _text(file)
            file.close()
            raise FolderInUse(holder or "unknown")
        time.sleep(RETRY_EVERY)
    previous = _text(file)
    file.truncate(0)
    # The disk may be full, and the lock holds without the text.
    with suppress(OSError):
        os.write(file.fileno(), f"{os.getpid()}\n".encode())
    return FolderLock(file, previous)


def _is_locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _text(file: TextIO) -> str:
    file.seek(0)
    return file.read(100).strip()


def _take_rights(entry: "os.DirEntry[str]", refused: list[OSError]) -> None:
    """Take rights from a file, or from a tree. Messages and sessions may vanish meanwhile."""
    with suppress(FileNotFoundError):
        if entry.is_dir(follow_symlinks=False):
            _take_rights_in(Path(entry.path), refused)
        elif entry.is_file(follow_symlinks=False):
            _change(Path(entry.path), stat.S_IMODE(entry.stat().st_mode) & ~_OF_OTHERS, refused)


def _take_rights_in(folder: Path, refused: list[OSError]) -> None:
    """Take rights in a tree. Files of a folder that was private are private by its mode."""
    was_private = _is_private(folder.stat())
    _change(folder, 0o700, refused)
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not was_private or entry.is_dir(follow_symlinks=False):
                    _take_rights(entry, refused)
    except PermissionError as error:
        refused.append(error)


def _change(path: Path, mode: int, refused: list[OSError]) -> None:
    """Set the mode of a path that others may use. Notes a refusal."""
    try:
        if not _is_private(path.stat()):
            path.chmod(mode)
    except FileNotFoundError:
        pass  # a running service has taken the message
    except OSError as error:
        refused.append(error)


def _is_private(status: os.stat_result) -> bool:
    return not status.st_mode & _OF_OTHERS
