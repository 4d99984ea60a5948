"""The slots of the workers, from their outcomes."""

import threading
from collections.abc import Callable

from splitflap_core.contracts import JobOutcome, Kind

#: The slots of a worker count for so many seconds after its last outcome. A busy worker sends
#: outcomes much more often.
WORKER_KEPT = 60.0

#: Workers remembered at most. A worker that was broken into may send any name.
MOST_WORKERS = 2_000


class WorkerSlots:
    """Any thread may call it."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is a monotonic clock in seconds."""
        self._now = now
        self._lock = threading.Lock()
        #: The slots of each worker, and the time of its last outcome.
        self._workers: dict[tuple[Kind, str], tuple[int, float]] = {}

    def note(self, outcome: JobOutcome) -> None:
        """Note the slots of a worker."""
        worker = outcome.kind, outcome.worker
        with self._lock:
            if outcome.slots and (worker in self._workers or len(self._workers) < MOST_WORKERS):
                self._workers[worker] = outcome.slots, self._now()

    def count(self, kind: Kind) -> int:
        """The slots of the workers of a kind with recent outcomes; 0 if there are none."""
        earliest = self._now() - WORKER_KEPT
        with self._lock:
            for worker, (_, seen_at) in list(self._workers.items()):
                if seen_at < earliest:
                    del self._workers[worker]
            return sum(slots for (of, _), (slots, _) in self._workers.items() if of == kind)
