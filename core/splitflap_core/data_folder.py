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
    """Make the folder. Take the rights of the group and of others from it and from its contents.

    A folder that belongs to another user keeps its rights, with a warning.

    Raises:
        OSError: the folder cannot be made or read.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _take_rights(folder, all_files=True)
    except PermissionError as error:
        logger.warning(
            "data folder %s: cannot take the rights of other users (%s); "
            "make this process's user its owner, or run chmod -R go= on it",
            folder,
            error,
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
    file.write(f"{os.getpid()}\n")
    file.flush()
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


def _take_rights(folder: Path, *, all_files: bool) -> None:
    """Take rights in a tree. Files of a folder that was private are private by its mode."""
    was_private = _is_private(folder.stat())
    if not was_private:
        folder.chmod(0o700)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                with suppress(FileNotFoundError):  # a session of the broker has ended
                    _take_rights(Path(entry.path), all_files=False)
            elif all_files or not was_private:
                _take_rights_of_file(entry)


def _take_rights_of_file(entry: "os.DirEntry[str]") -> None:
    try:
        if entry.is_file(follow_symlinks=False) and not _is_private(entry.stat()):
            Path(entry.path).chmod(stat.S_IMODE(entry.stat().st_mode) & ~_OF_OTHERS)
    except FileNotFoundError:
        pass  # a running service has taken the message


def _is_private(status: os.stat_result) -> bool:
    return not status.st_mode & _OF_OTHERS
