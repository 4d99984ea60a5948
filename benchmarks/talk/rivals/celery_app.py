"""Flask and Celery on RabbitMQ, after Flask's page about background tasks with Celery.

It adds what Celery's pages say about durability:

- a quorum queue, and a confirm of each message before the web process answers;
- `task_acks_late`: a message goes when its task has ended;
- `task_reject_on_worker_lost`: a message returns if its process was killed;
- a prefetch of one message for each process, so that no post waits behind a slow one;
- retries with a backoff for every exception, since a task that failed is acknowledged.

With RIVAL_LINKS_QUEUE, posts with links go to that queue, as Celery's page about routing shows.
A worker of its own takes them (`-Q`), so they cannot delay the texts.
"""

import os
import uuid

from celery import Celery
from flask import Flask, request
from kombu import Exchange, Queue

from . import work

#: The queue of posts without links, and that of the others.
TEXTS = "celery"
LINKS = os.environ.get("RIVAL_LINKS_QUEUE", TEXTS)

celery = Celery("rival", broker=os.environ["RIVAL_BROKER_URL"])
celery.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={"confirm_publish": True},
    # Delays of tasks on quorum queues need a topic exchange.
    task_default_exchange_type="topic",
    task_default_queue_type="quorum",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
)
if LINKS != TEXTS:
    exchange = Exchange(TEXTS, type="topic")
    quorum = {"x-queue-type": "quorum"}
    celery.conf.task_queues = [
        Queue(name, exchange, routing_key=name, queue_arguments=quorum) for name in (TEXTS, LINKS)
    ]
    celery.conf.task_routes = {"finish_links": {"queue": LINKS, "routing_key": LINKS}}
_RETRIES = {
    "autoretry_for": (Exception,),
    "max_retries": 10,
    "retry_backoff": 1,
    "retry_backoff_max": 8,
}
app = Flask(__name__)


@celery.task(name="finish_links", **_RETRIES)
def finish_links(post_id: str, source: str) -> None:
    """The work on one post with links."""
    work.finish(post_id, source)


@celery.task(name="finish", **_RETRIES)
def finish(post_id: str, source: str) -> None:
    """The work on one post."""
    work.finish(post_id, source)


@app.get("/ping")
def ping() -> str:
    """The cheap request beside the slow ones."""
    return "pong\n"


@app.post("/post")
def post() -> tuple[dict[str, str], int]:
    """The broker has confirmed the task when the answer comes."""
    post_id = uuid.uuid4().hex
    source = request.get_json()["text"]
    (finish_links if work.has_links(source) else finish).delay(post_id, source)
    return {"id": post_id}, 202
