"""The ledger: the charges of finished jobs until they are written, and the slots of the workers."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from splitflap_core.contracts import JobOutcome, Kind
from splitflap_core.outcomes import Failed, RetryLater

from splitflap_api.domain.fair.shares import NO_ACCOUNT, Charge, ShareKey

#: Most seconds of one attempt. A longer time is that of a frozen worker, or of a foreign one.
MOST_TOOK = 120.0

#: The reason of a text that used up its deadline.
OVERDUE_REASON = "deadline"

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


class Ledger:
    """One for each process. Any thread may call it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.workers = WorkerSlots(now)
        self._lock = threading.Lock()
        self._charges: dict[ShareKey, Charge] = {}

    def note(self, job: Mapping[str, Any], outcome: JobOutcome) -> None:
        """Charge the owner of a job for an attempt."""
        if not outcome.took:
            return  # the worker has not begun the job
        self.workers.note(outcome)
        if job["account"] == NO_ACCOUNT:
            return
        report, took = outcome.outcome, min(outcome.took, MOST_TOOK) * 1000
        if isinstance(report, RetryLater) and report.progress != "tried":
            charge = Charge(waits=1, waited=took)
        else:
            overdue = isinstance(report, Failed) and report.reason == OVERDUE_REASON
            charge = Charge(1, took, int(overdue))
        with self._lock:
            self._charges.setdefault(ShareKey.of(job), Charge()).add(charge)

    def take(self) -> dict[ShareKey, Charge]:
        """Take all charges, to be written."""
        with self._lock:
            charges, self._charges = self._charges, {}
        return charges

    def give_back(self, charges: Mapping[ShareKey, Charge]) -> None:
        """Keep charges that could not be written."""
        with self._lock:
            for key, charge in charges.items():
                self._charges.setdefault(key, Charge()).add(charge)
