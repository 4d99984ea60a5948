"""The ledger: the charges of finished jobs until they are written, and the slots of the workers."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from splitflap_core.contracts import JobOutcome
from splitflap_core.outcomes import Failed, RetryLater

from splitflap_api.domain.fair.shares import NO_ACCOUNT, Charge, ShareKey
from splitflap_api.domain.fair.worker_slots import WorkerSlots

#: Most seconds of one attempt. A longer time is that of a frozen worker, or of a foreign one.
MOST_TOOK = 120.0

#: The reason of a text that used up its deadline.
OVERDUE_REASON = "deadline"


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
