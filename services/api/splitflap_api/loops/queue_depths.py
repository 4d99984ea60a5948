"""How much lies in the broker's queues: what autoscaling and alerts are computed from.

Asked of the broker itself, so that it is known with every broker, without its own exporter, and
while no worker runs. What workers hold is theirs to say (`splitflap_jobs_in_flight`).
"""

import math
import time
from collections.abc import Callable
from functools import partial

from splitflap_core import topology
from splitflap_core.broker import Depth
from splitflap_core.telemetry import Metrics

#: Seconds between questions.
ASK_EVERY = 5.0

#: Seconds after which an answer is no longer shown: no measure is better than an old one.
FORGET_AFTER = 15.0


class Queues:
    """The broker's last answers, as gauges that are NaN where there is none."""

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
        """Ask again if it is time; `depth` is the link's, in whose thread this is called."""
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
        return math.nan if depth is None or depth.consumers is None else depth.consumers
