"""A pool of green threads, one for each running job.

    submit -> a free slot, or the short queue -> green thread -> handler -> finish

A few more slots are for express jobs only, so these wait for no normal job. An express job takes a
normal slot too, if one is free.

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
    #: Whether it has one of the slots for express jobs only.
    in_express_slot: bool = False
    began: float = 0.0
    thread: Any = field(default=None, repr=False)


class GreenPool(Pool[ScrapeRequest]):
    """Runs a handler for each job. It needs no locks, since it uses one real thread."""

    def __init__(
        self, slots: int, ahead: int, deadline: float, handler: Handler, *, express_slots: int
    ) -> None:
        """`ahead` jobs of each queue may wait. `deadline` (seconds) is the limit of the handler."""
        self._slots = slots
        self._express_slots = express_slots
        self._ahead = ahead
        self._deadline = deadline
        self._handler = handler
        self._running: set[_Task] = set()
        self._in_express_slots = 0
        self._waiting: deque[_Task] = deque()
        self._express: deque[_Task] = deque()
        self._stopping = False

    @property
    def slots(self) -> int:
        return self._slots

    def start(self) -> None:
        """Do nothing: green threads start on demand."""

    def submit(
        self,
        job: Job,
        request: ScrapeRequest,
        finish: Finish,
        begin: Begin | None = None,
        *,
        express: bool = False,
    ) -> None:
        if self._stopping:
            raise SlowDown(PAUSE, "the scraper is stopping")
        waiting = self._express if express else self._waiting
        waiting.append(_Task(job, request, finish, begin))
        self._begin_waiting()
        if len(waiting) > self._ahead:
            waiting.pop()
            raise SlowDown(PAUSE, "all slots are taken")

    def stop(self, timeout: float) -> None:
        self._stopping = True
        end = time.monotonic() + timeout
        for waiting in (self._express, self._waiting):
            while waiting:
                waiting.popleft().finish(None, 0.0)
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

    def _begin_waiting(self) -> None:
        """Give the free slots to waiting jobs, the express ones first."""
        while self._express and self._in_express_slots < self._express_slots:
            self._in_express_slots += 1
            self._begin(self._express.popleft(), in_express_slot=True)
        while (waiting := self._express or self._waiting) and self._has_normal_slot():
            self._begin(waiting.popleft())

    def _has_normal_slot(self) -> bool:
        return len(self._running) - self._in_express_slots < self._slots

    def _begin(self, task: _Task, *, in_express_slot: bool = False) -> None:
        task.in_express_slot = in_express_slot
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
        self._in_express_slots -= task.in_express_slot
        if not self._stopping:
            self._begin_waiting()
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
