"""The ledger of a load: counts each post's result. Many threads may call it."""

from __future__ import annotations

import functools
import math
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass
class KindFigures:
    """Figures of one kind of text, or of all kinds."""

    sent: int = 0
    accepted: int = 0
    #: Refusals by status (503, 429, others), and `no answer`.
    refused: Counter[str] = field(default_factory=Counter)
    #: Posts whose last attempt was refused.
    given_up: int = 0
    complete: int = 0
    failed: int = 0
    #: Seconds from the first attempt to the end of the task.
    seconds: list[float] = field(default_factory=list)

    @property
    def unfinished(self) -> int:
        """Accepted posts whose end is unknown."""
        return self.accepted - self.complete - self.failed

    def quantile(self, share: float) -> float | None:
        """The quantile of `seconds` by nearest rank; None if there are none."""
        if not self.seconds:
            return None
        rank = max(1, math.ceil(share * len(self.seconds)))
        return sorted(self.seconds)[rank - 1]

    def plus(self, other: KindFigures) -> KindFigures:
        """The sum of both."""
        return KindFigures(
            self.sent + other.sent,
            self.accepted + other.accepted,
            self.refused + other.refused,
            self.given_up + other.given_up,
            self.complete + other.complete,
            self.failed + other.failed,
            self.seconds + other.seconds,
        )


class Ledger:
    """Figures by kind. A task's end may be noted before its 202."""

    def __init__(self, kinds: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self.figures = {kind: KindFigures() for kind in kinds}
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[str, tuple[str, float]] = {}
        #: Ends before the 202, by task: whether it is complete, and the time.
        self._early: dict[str, tuple[bool, float]] = {}

    def sent(self, kind: str) -> float:
        """Note a post's first attempt; returns its time."""
        with self._lock:
            self.figures[kind].sent += 1
        return self._clock()

    def refused(self, kind: str, why: str) -> None:
        """Note a refusal, or a missing response."""
        with self._lock:
            self.figures[kind].refused[why] += 1

    def gave_up(self, kind: str) -> None:
        """Note a post whose last attempt was refused."""
        with self._lock:
            self.figures[kind].given_up += 1

    def accepted(self, kind: str, task: str, since: float) -> None:
        """Note a 202 and its task."""
        with self._lock:
            self.figures[kind].accepted += 1
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
        """Accepted tasks whose end is unknown."""
        with self._lock:
            return list(self._running)

    def total(self) -> KindFigures:
        """The sum over all kinds."""
        with self._lock:
            return functools.reduce(KindFigures.plus, self.figures.values(), KindFigures())

    def _end(self, task: str, complete: bool, at: float) -> None:
        kind, since = self._running.pop(task)
        figures = self.figures[kind]
        figures.complete += complete
        figures.failed += not complete
        figures.seconds.append(max(0.0, at - since))
