"""The lengths of the broker's queues, as metrics for autoscaling and alerts.

The API queries the broker, so the metrics exist with every broker, even without a running worker.
Workers export the number of their own jobs (`splitflap_jobs_in_flight`).
"""

import math
import time
from collections.abc import Callable
from functools import partial

from splitflap_core import topology
from splitflap_core.broker import Depth
from splitflap_core.telemetry import Metrics

#: Seconds between two queries.
ASK_EVERY = 5.0

#: Seconds after which an answer is too old to show. The gauge is NaN then.
FORGET_AFTER = 15.0


class Queues:
    """The broker's last answers, as gauges. A missing answer is NaN."""

    def __init__(self, metrics: Metrics, now: Callable[[], float] = time.monotonic) -> None:
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

    def _fresh(self, queue: str) -> Depth | None:
        return self._depths.get(queue) if self._now() - self._asked < FORGET_AFTER else None

    def _ready(self, queue: str) -> float:
        depth = self._fresh(queue)
        return depth.ready if depth else math.nan

    def _consumers(self, queue: str) -> float:
        depth = self._fresh(queue)
        return depth.consumers if depth else math.nan
