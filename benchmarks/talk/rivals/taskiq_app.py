"""FastAPI and taskiq on RabbitMQ, after taskiq's pages about FastAPI and about retries.

Its queues are quorum queues, its publisher waits for the confirm, and its worker acknowledges a
message after the task: all of this is taskiq's default. A failed task is acknowledged, so a
middleware sends it again after a delay, through a queue for that.
"""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel
from taskiq import SmartRetryMiddleware
from taskiq_aio_pika import AioPikaBroker
from taskiq_aio_pika.queue import Queue

from . import work

broker = AioPikaBroker(
    os.environ["RIVAL_BROKER_URL"],
    qos=int(os.environ["RIVAL_PREFETCH"]),
    delay_queue=Queue(name="taskiq.delay"),
).with_middlewares(
    SmartRetryMiddleware(default_retry_count=10, default_retry_label=True, default_delay=1)
)


@broker.task
def finish(post_id: str, source: str) -> None:
    """The work on one post, in a thread: neither rendering nor requests is async."""
    work.finish(post_id, source)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """The web process connects to the broker. The worker does so itself."""
    if not broker.is_worker_process:
        await broker.startup()
    yield
    if not broker.is_worker_process:
        await broker.shutdown()


app = FastAPI(lifespan=lifespan)


class Post(BaseModel):
    """A new post."""

    text: str


@app.get("/ping")
async def ping() -> str:
    """The cheap request beside the slow ones."""
    return "pong"


@app.post("/post", status_code=202)
async def post(new: Post) -> dict[str, str]:
    """The broker has confirmed the task when the answer comes."""
    post_id = uuid.uuid4().hex
    await finish.kiq(post_id, new.text)
    return {"id": post_id}
