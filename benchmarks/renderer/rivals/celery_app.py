"""Celery's prefork pool, with the durability and the limits of the renderer.

It has quorum queues, and acks a message after the confirm of its outcome (`task_acks_late`). It
kills slow texts and replaces its processes. Its prefetch is twice the default of 4 for each
process, so that all processes have work.
"""

import os

from celery import Celery
from kombu import Queue

from benchmarks.renderer.bare_render import rendered

URL = os.environ["BENCH_URL"]
QUEUES = tuple(
    Queue(name, routing_key=name, queue_arguments={"x-queue-type": "quorum"})
    for name in ("jobs", "outcomes")
)

app = Celery("rival", broker=URL)
app.conf.update(
    broker_transport_options={"confirm_publish": True},
    task_queues=QUEUES,
    task_routes={"render": {"queue": "jobs"}, "keep": {"queue": "outcomes"}},
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_time_limit=2,
    worker_prefetch_multiplier=8,
    worker_max_tasks_per_child=10_000,
)


@app.task(name="render")  # type: ignore[untyped-decorator] # Celery has no types
def render(text: str) -> None:
    """Render, and put the result into another queue, as a service does."""
    keep.delay(rendered(text))


@app.task(name="keep")  # type: ignore[untyped-decorator] # as above
def keep(html: str) -> None:
    """Stand in for storing a result. Its messages are counted, and never consumed."""
