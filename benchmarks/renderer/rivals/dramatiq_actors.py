"""Dramatiq on quorum queues. It acks a message after the confirm of its outcome.

A process has one thread, since the work is all CPU, and prefetches 8 messages. Its time limit
raises in that thread; it cannot interrupt a regular expression.
"""

import os
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from benchmarks.renderer.bare_render import rendered


class QuorumBroker(RabbitmqBroker):  # type: ignore[misc]  # Dramatiq has none
    """Dramatiq's broker with quorum queues. Dramatiq has no option for them."""

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        common = super()._build_queue_arguments(queue_name)
        return {**common, "x-queue-type": "quorum"}


dramatiq.set_broker(QuorumBroker(url=os.environ["BENCH_URL"], confirm_delivery=True))


@dramatiq.actor(queue_name="jobs", time_limit=2_000)  # type: ignore[untyped-decorator]
def render(text: str) -> None:
    """Render, and put the result into another queue, as a service does."""
    keep.send(rendered(text))


@dramatiq.actor(queue_name="outcomes")  # type: ignore[untyped-decorator]
def keep(html: str) -> None:
    """Stand in for storing a result. Its messages are counted, and never consumed."""
