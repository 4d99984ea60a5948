"""The demand: how many workers the present work needs, by the rule of charts/.../demand.yaml.

(rate of published jobs x S + backlog x S / drain target) / (slots of a worker x utilization)

S is the mean time that a job occupies its slot. The constants are the defaults of the rule.
"""

import math

from splitflap_core.contracts import Kind

#: Seconds in which the workers should process a backlog.
DRAIN_TARGET = 30.0

#: Target utilization of a worker's slots.
UTILIZATION = 0.8

#: S in seconds, and the slots of a worker, until they are measured.
FIRST_SECONDS: dict[Kind, float] = {"render": 0.05, "scrape": 1.0}
FIRST_SLOTS_OF_WORKER: dict[Kind, int] = {"render": 1, "scrape": 200}


def wanted_workers(
    kind: Kind,
    published: float,
    backlog: int | None,
    mean: float | None,
    slots: int | None,
    workers: int | None,
) -> int | None:
    """The number of workers; None if the length of the queue is unknown."""
    if backlog is None:
        return None
    seconds = FIRST_SECONDS[kind] if mean is None else mean
    of_worker = slots / workers if slots and workers else FIRST_SLOTS_OF_WORKER[kind]
    busy = published * seconds + backlog * seconds / DRAIN_TARGET
    return math.ceil(round(busy / (of_worker * UTILIZATION), 6))
