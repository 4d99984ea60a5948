"""Celery's prefork pool. As durable as the renderer, and bounded as its processes are.

Quorum queues; a message is acked once its outcome is in a queue and confirmed (`task_acks_late`);
a text that takes too long is killed; processes are replaced. Its default prefetch of 4 a process
is doubled, which leaves no process waiting.
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
    """The work; what comes of it goes to another queue, as a service that answers would do."""
    keep.delay(rendered(text))


@app.task(name="keep")  # type: ignore[untyped-decorator] # as above
def keep(html: str) -> None:
    """What would store a result. Nobody runs it here: its messages are counted."""
