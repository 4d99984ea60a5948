"""Dramatiq on quorum queues: acks after the outcome is in a queue and confirmed, as it always does.

A process has one thread, since the work is all CPU, and takes 8 messages ahead. Its time limit
raises in that thread: one that is in a regular expression goes on.
"""

import os
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from benchmarks.renderer.bare_render import rendered


class QuorumBroker(RabbitmqBroker):  # type: ignore[misc]  # Dramatiq has none
    """With the arguments that make its queues quorum queues; it has no option for them."""

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        # Its parent has no types here.
        common = super()._build_queue_arguments(queue_name)
        return {**common, "x-queue-type": "quorum"}


dramatiq.set_broker(QuorumBroker(url=os.environ["BENCH_URL"], confirm_delivery=True))


@dramatiq.actor(queue_name="jobs", time_limit=2_000)  # type: ignore[untyped-decorator]
def render(text: str) -> None:
    """The work; what comes of it goes to another queue, as a service that answers would do."""
    keep.send(rendered(text))


@dramatiq.actor(queue_name="outcomes")  # type: ignore[untyped-decorator]
def keep(html: str) -> None:
    """What would store a result. Nobody runs it here: its messages are counted."""
