"""Flask and RQ on Redis, which syncs its append-only file before it answers.

RQ's page about exceptions shows the retries. A retry with a delay needs a scheduler: each worker of
the pool can be it, and one holds its lock.
"""

import os
import uuid

from flask import Flask, request
from redis import Redis
from rq import Queue, Retry

from . import work

app = Flask(__name__)
queue = Queue(connection=Redis.from_url(os.environ["RIVAL_BROKER_URL"]))


@app.get("/ping")
def ping() -> str:
    """The cheap request beside the slow ones."""
    return "pong\n"


@app.post("/post")
def post() -> tuple[dict[str, str], int]:
    """Redis has the job on disk when the answer comes."""
    post_id = uuid.uuid4().hex
    source = request.get_json()["text"]
    queue.enqueue(work.finish, post_id, source, retry=Retry(max=10, interval=1))
    return {"id": post_id}, 202
