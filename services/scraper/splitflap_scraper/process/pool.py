"""A pool of green threads, one for each running job.

    submit -> a free slot, or the short queue -> green thread -> handler -> finish

The order of a stop: the pool gives waiting jobs back, and finishes running ones until the timeout.
Then it kills the rest, and gives their jobs back too.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from splitflap_core.contracts import Job, ScrapeRequest
from splitflap_core.logs import bound
from splitflap_core.outcomes import Failed, Outcome, SlowDown
from splitflap_core.worker import Begin, Finish, Pool

from splitflap_scraper.process import green
from splitflap_scraper.process.reasons import REASONS

logger = logging.getLogger(__name__)

Handler = Callable[[Job, ScrapeRequest], Outcome]

#: Pause of the worker in seconds if the pool is full or stopping.
PAUSE = 1.0

#: Seconds between two polls of the running jobs during a stop.
STOP_POLL = 0.02

#: Seconds beyond its deadline after which a job counts as stuck. Only a restart ends it.
STUCK_AFTER = 30.0


@dataclass(eq=False, slots=True)
class _Task:
    job: Job
    request: ScrapeRequest
    finish: Finish
    begin: Begin | None
    began: float = 0.0
    thread: Any = field(default=None, repr=False)


class GreenPool(Pool[ScrapeRequest]):
    """Runs a handler for each job. It needs no locks, since it uses one real thread."""

    def __init__(self, slots: int, ahead: int, deadline: float, handler: Handler) -> None:
        """`ahead` jobs may wait for a slot. `deadline` (seconds) is the limit of the handler."""
        self._slots = slots
        self._ahead = ahead
        self._deadline = deadline
        self._handler = handler
        self._running: set[_Task] = set()
        self._waiting: deque[_Task] = deque()
        self._stopping = False

    @property
    def slots(self) -> int:
        return self._slots

    def start(self) -> None:
        """Do nothing: green threads start on demand."""

    def submit(
        self, job: Job, request: ScrapeRequest, finish: Finish, begin: Begin | None = None
    ) -> None:
        if self._stopping:
            raise SlowDown(PAUSE, "the scraper is stopping")
        task = _Task(job, request, finish, begin)
        if len(self._running) < self._slots:
            self._begin(task)
        elif len(self._waiting) < self._ahead:
            self._waiting.append(task)
        else:
            raise SlowDown(PAUSE, "all slots are taken")

    def stop(self, timeout: float) -> None:
        self._stopping = True
        end = time.monotonic() + timeout
        while self._waiting:
            self._waiting.popleft().finish(None, 0.0)
        while self._running and time.monotonic() < end:
            green.sleep(STOP_POLL)
        for task in list(self._running):
            green.kill(task.thread)
            # A thread killed before its first step runs no `finally`.
            if task in self._running:
                self._end(task, None)

    def complaint(self) -> str | None:
        now = time.monotonic()
        longest = max((now - task.began for task in self._running), default=0.0)
        if longest > self._deadline + STUCK_AFTER:
            return f"a page is being fetched for {longest:.0f} s"
        return None

    def _begin(self, task: _Task) -> None:
        task.began = time.monotonic()
        self._running.add(task)
        task.thread = green.spawn(self._run, task)

    def _run(self, task: _Task) -> None:
        """Run one job, then give its slot to the next one."""
        outcome = None
        try:
            if task.begin:
                task.begin()
                green.sleep(0)  # the link's thread sends the notice
            with bound(job=task.job.id, task=task.job.task, traceparent=task.job.traceparent):
                outcome = self._handled(task)
        finally:
            # A killed thread has an outcome of None, so its job is given back.
            self._end(task, outcome)

    def _end(self, task: _Task, outcome: Outcome | None) -> None:
        self._running.discard(task)
        if self._waiting and not self._stopping:
            self._begin(self._waiting.popleft())
        took = time.monotonic() - task.began if outcome else 0.0
        task.finish(outcome, took)

    def _handled(self, task: _Task) -> Outcome:
        try:
            return self._handler(task.job, task.request)
        except Exception as error:
            logger.exception(
                "scrape job: the handler raised; the job fails, please report this bug"
            )
            return Failed("broken", type(error).__name__, REASONS["broken"].keep)
