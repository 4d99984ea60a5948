"""What became of every post of a load. Pure, and for many threads."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass
class Entry:
    """One kind of text, or all of them together."""

    sent: int = 0
    accepted: int = 0
    #: Answers by status (503, 429, others) or by what was in their way.
    refused: Counter[str] = field(default_factory=Counter)
    #: Posts that no answer accepted.
    given_up: int = 0
    complete: int = 0
    failed: int = 0
    #: Seconds from the first try to the end of the task.
    seconds: list[float] = field(default_factory=list)

    @property
    def unfinished(self) -> int:
        """Accepted, and not known to have ended."""
        return self.accepted - self.complete - self.failed

    def quantile(self, share: float) -> float | None:
        """The nearest rank of the seconds until the end; None without any."""
        if not self.seconds:
            return None
        rank = max(1, math.ceil(share * len(self.seconds)))
        return sorted(self.seconds)[rank - 1]

    def plus(self, other: Entry) -> Entry:
        """Both together."""
        return Entry(
            self.sent + other.sent,
            self.accepted + other.accepted,
            self.refused + other.refused,
            self.given_up + other.given_up,
            self.complete + other.complete,
            self.failed + other.failed,
            self.seconds + other.seconds,
        )


class Ledger:
    """Entries by kind; a task may end before its 202 has been read."""

    def __init__(self, kinds: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self.entries = {kind: Entry() for kind in kinds}
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[str, tuple[str, float]] = {}
        #: Ends that came before their 202: whether it was complete, and when.
        self._early: dict[str, tuple[bool, float]] = {}

    def sent(self, kind: str) -> float:
        """Note a post's first try; the time of it."""
        with self._lock:
            self.entries[kind].sent += 1
        return self._clock()

    def refused(self, kind: str, why: str) -> None:
        """Note an answer that asks to come again, or that none came."""
        with self._lock:
            self.entries[kind].refused[why] += 1

    def gave_up(self, kind: str) -> None:
        """Note a post that was never accepted."""
        with self._lock:
            self.entries[kind].given_up += 1

    def accepted(self, kind: str, task: str, since: float) -> None:
        """Note a 202 and its task."""
        with self._lock:
            self.entries[kind].accepted += 1
            self._running[task] = (kind, since)
            early = self._early.pop(task, None)
            if early is not None:
                self._end(task, *early)

    def ended(self, task: str, *, complete: bool) -> None:
        """Note the end of a task."""
        with self._lock:
            now = self._clock()
            if task in self._running:
                self._end(task, complete, now)
            else:
                self._early[task] = (complete, now)

    def running(self) -> list[str]:
        """Tasks whose end is not known."""
        with self._lock:
            return list(self._running)

    def total(self) -> Entry:
        """All kinds together."""
        with self._lock:
            total = Entry()
            for entry in self.entries.values():
                total = total.plus(entry)
            return total

    def _end(self, task: str, complete: bool, at: float) -> None:
        kind, since = self._running.pop(task)
        entry = self.entries[kind]
        entry.complete += complete
        entry.failed += not complete
        entry.seconds.append(max(0.0, at - since))
