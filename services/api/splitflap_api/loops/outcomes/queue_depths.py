"""The lengths of the broker's queues: metrics for autoscaling and alerts, and signs of lost jobs.

The API queries the broker, so the metrics exist with every broker, even without a running worker.
Workers export the number of their own jobs (`splitflap_jobs_in_flight`).

A job with a confirmed message is not due, so the API needs a sign that the message is gone:

- A session had to create the queue: the earlier messages are lost.
- The queue was empty some time ago: a worker took the messages from before that time, or they are
  lost. A job that is still unfinished has no worker, or one that is stuck.
- An express queue has messages, and workers consume the normal queue only: they are of an older
  release, which was rolled back to. Its jobs go to the normal queue.

RabbitMQ also reports 0 messages and 0 consumers for a queue whose leader does not answer, as during
its election after a restart. So an empty queue without a consumer counts only while it stays empty.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from splitflap_core import topology
from splitflap_core.broker import Depth
from splitflap_core.contracts import Kind
from splitflap_core.telemetry import Metrics

#: Seconds between two queries.
ASK_EVERY = 5.0

#: Seconds after which an answer is too old to show. The gauge is NaN then.
FORGET_AFTER = 15.0

#: Seconds from an empty queue until the jobs of that time are lost or stuck. Far longer than a
#: worker holds a job.
STUCK_AFTER = 900.0

#: Seconds from the creation of a queue until its jobs are lost: confirms from before the creation
#: are marked by then.
CREATED_AFTER = 2.0

#: Seconds from an express queue that only newer workers consume until its jobs are lost.
STRANDED_AFTER = 60.0

#: Milliseconds. A larger difference between two clocks is a step of one of them.
CLOCK_STEP = 1_000


@dataclass
class Sign:
    """A sign that the jobs of a queue, dispatched before a time, have lost their messages."""

    queue: str
    #: The time (monotonic) of the sign, and the seconds until it is valid.
    seen_at: float
    valid_after: float
    #: The consumers of an empty queue; None for one that was created or has no consumer, whose jobs
    #: no worker has begun.
    consumers: int | None = None
    #: The time of the sign by the database's clock, in milliseconds, once it is known.
    dispatched_before: int | None = None

    @property
    def kind(self) -> Kind:
        """The kind of the jobs."""
        return topology.KIND_OF[self.queue]

    @property
    def express(self) -> bool:
        """Whether the jobs were published to the express queue."""
        return self.queue in topology.EXPRESS_NAMES

    @property
    def begun(self) -> bool:
        """Whether a worker may have begun the jobs."""
        return self.consumers is not None

    @property
    def why(self) -> str:
        """The label `why` of splitflap_jobs_retried_total."""
        return "unfinished" if self.begun else "lost"


class SignsOfLoss:
    """Collects the signs from the threads of the links, for the reconciler."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._created: dict[str, Sign] = {}
        self._empty: dict[str, Sign] = {}
        self._stranded: dict[str, Sign] = {}
        self._all_outcomes_taken = True

    def note_created(self, queues: Iterable[str]) -> None:
        """Note that a session has created these queues."""
        for queue in topology.KIND_OF.keys() & queues:
            self._created[queue] = Sign(queue, self._now(), CREATED_AFTER)

    def note_depths(self, depths: Mapping[str, Depth], asked_at: float) -> None:
        """Note which queues are empty. A queue has one such sign at a time."""
        for queue in topology.KIND_OF.keys() & depths:
            depth, sign = depths[queue], self._empty.get(queue)
            if not depth.ready:
                self._empty.setdefault(queue, Sign(queue, asked_at, STUCK_AFTER, depth.consumers))
            elif sign and not (sign.consumers and depth.consumers):
                # The jobs wait for workers, or the queue was not empty.
                self.forget(sign)
        self._note_stranded(depths, asked_at)
        if outcomes := [depths[name] for name in topology.RESULTS_NAMES & depths.keys()]:
            self._all_outcomes_taken = not any(_may_wait(each) for each in outcomes)

    def all(self) -> list[Sign]:
        """All signs."""
        return [sign for signs in self._by_cause for sign in signs.values()]

    def valid(self, now: int) -> list[Sign]:
        """The signs that prove a loss. `now` is the database's clock, in milliseconds."""
        return [sign for sign in self.all() if self._is_valid(sign, now)]

    def forget(self, sign: Sign) -> None:
        """Remove a sign. The next one takes its place."""
        for signs in self._by_cause:
            if signs.get(sign.queue) is sign:
                del signs[sign.queue]

    @property
    def _by_cause(self) -> tuple[dict[str, Sign], ...]:
        return self._created, self._empty, self._stranded

    def _note_stranded(self, depths: Mapping[str, Depth], asked_at: float) -> None:
        """Note the express queues whose messages no worker takes, although it takes normal ones."""
        for queue in topology.EXPRESS_NAMES & topology.KIND_OF.keys() & depths.keys():
            express, normal = depths[queue], depths.get(topology.KIND_OF[queue])
            if express.ready and not express.consumers and normal and normal.consumers:
                self._stranded.setdefault(queue, Sign(queue, asked_at, STRANDED_AFTER))
            else:
                self._stranded.pop(queue, None)

    def _is_valid(self, sign: Sign, now: int) -> bool:
        """Whether the jobs have lost their messages, and their outcomes do not wait."""
        age = self._now() - sign.seen_at
        seen_at = now - int(age * 1000)
        if sign.dispatched_before is None:
            sign.dispatched_before = seen_at
        if abs(sign.dispatched_before - seen_at) > CLOCK_STEP:
            self.forget(sign)  # the clock was set, so the times are not comparable
            return False
        return age >= sign.valid_after and (self._all_outcomes_taken or not sign.begun)


class Queues:
    """The broker's last answers, as gauges. A missing answer is NaN."""

    def __init__(
        self,
        metrics: Metrics,
        signs: SignsOfLoss,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signs = signs
        self._now = now
        self._asked = -math.inf
        self._depths: dict[str, Depth] = {}
        ready = metrics.gauge("splitflap_queue_ready_messages")
        consumers = metrics.gauge("splitflap_queue_consumers")
        for queue in topology.QUEUES:
            name = queue.name
            ready.labels(name).set_function(partial(self._ready, name))
            consumers.labels(name).set_function(partial(self._consumers, name))

    def ask(self, depth: Callable[[str], Depth | None]) -> None:
        """Query the queues if it is time. Call it in the thread of the link that owns `depth`."""
        if self._now() - self._asked < ASK_EVERY:
            return
        self._asked = self._now()
        found = {queue.name: depth(queue.name) for queue in topology.QUEUES}
        self._depths = {name: each for name, each in found.items() if each}
        self._signs.note_depths(self._depths, self._asked)

    def consumers_of(self, queue: str) -> int | None:
        """The consumers of a queue, or None if there is no fresh answer. For any thread.

        The broker has none of a queue that it lacks or refuses, if it answers for others.
        """
        if depth := self._fresh(queue):
            return depth.consumers
        return self._none()

    def ready_of(self, queue: str) -> int | None:
        """The undelivered messages of a queue, like `consumers_of`."""
        if depth := self._fresh(queue):
            return depth.ready
        return self._none()

    def _none(self) -> int | None:
        return 0 if any(map(self._fresh, self._depths)) else None

    def _fresh(self, queue: str) -> Depth | None:
        return self._depths.get(queue) if self._now() - self._asked < FORGET_AFTER else None

    def _ready(self, queue: str) -> float:
        depth = self._fresh(queue)
        return depth.ready if depth else math.nan

    def _consumers(self, queue: str) -> float:
        depth = self._fresh(queue)
        return depth.consumers if depth else math.nan


def _may_wait(outcomes: Depth) -> bool:
    """Whether outcomes may wait in a queue: a queue without a leader reports neither number."""
    return outcomes.ready > 0 or not outcomes.consumers
