"""Waiting for changes in folders and for a waker at once: by inotify, or else by time."""

import logging
from functools import cache
from pathlib import Path

from splitflap_core.broker.embedded.inotify import CLOSE_WRITE, MOVED_TO, OVERFLOW, Inotify
from splitflap_core.broker.waker import Readiness, Waker

logger = logging.getLogger(__name__)

#: Seconds between two scans of the folders. inotify reports each message; the scan is the safety
#: net. Without inotify a delivery waits for the scan.
SCAN_EVERY = 1.0
SCAN_EVERY_WITHOUT_INOTIFY = 0.02


class FolderWatch:
    """Belongs to one thread. `MOVED_TO` and `CLOSE_WRITE` are the watched changes."""

    def __init__(self, waker: Waker) -> None:
        self._waker = waker
        self._inotify: Inotify | None = None
        self._readiness: Readiness | None = None
        try:
            self._inotify = Inotify()
            self._readiness = Readiness(self._inotify, waker)
        except OSError as error:
            _warn(str(error))

    @property
    def scan_every(self) -> float:
        """Seconds between two scans of the folders."""
        return SCAN_EVERY if self._inotify else SCAN_EVERY_WITHOUT_INOTIFY

    def add(self, folder: Path, change: int) -> None:
        """Watch a folder. Beyond the system's limit this goes on without inotify."""
        if self._inotify is None:
            return
        try:
            self._inotify.watch(folder, change)
        except OSError as error:
            self.close()
            _warn(str(error))

    def wait(self, seconds: float) -> int:
        """Wait for a change or the waker, at most `seconds`. Return the changes as a mask."""
        if self._inotify is None or self._readiness is None:
            self._waker.wait(seconds)
            return 0
        self._readiness.wait(seconds)
        changes = self._inotify.changes()
        return MOVED_TO | CLOSE_WRITE if changes & OVERFLOW else changes

    def close(self) -> None:
        """End all watches."""
        if self._readiness:
            self._readiness.close()
        if self._inotify:
            self._inotify.close()
        self._inotify = self._readiness = None


@cache
def _warn(why: str) -> None:
    logger.warning(
        "embedded broker: cannot watch folders (%s); scanning them every %g ms instead",
        why,
        SCAN_EVERY_WITHOUT_INOTIFY * 1000,
    )
