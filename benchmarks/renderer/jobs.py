"""Render jobs through RabbitMQ: publishing them, and counting messages in queues."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import kombu
import msgspec
from splitflap_core import topology
from splitflap_core.broker import BrokerLink, OutgoingMessage, backend_for
from splitflap_core.contracts import Flavour, Job, RenderRequest, encode
from splitflap_core.settings import CommonSettings

#: Seconds for the connection, and for each confirm.
BROKER_TIMEOUT = 30.0


@contextmanager
def queue_depth(url: str) -> Iterator[Callable[[str], int]]:
    """A function for the number of messages in a queue; 0 for a missing queue."""
    with kombu.Connection(url) as connection:

        def depth(queue: str) -> int:
            channel = connection.channel()
            try:
                return int(channel.queue_declare(queue, passive=True).message_count)
            except connection.channel_errors:
                return 0
            finally:
                channel.close()

        yield depth


def publish_jobs(url: str, posts: Iterator[str], flavour: Flavour) -> None:
    """Publish posts as jobs into the queue `render`, and wait for all confirms."""
    up, confirmed = threading.Event(), threading.Semaphore(0)
    opener = backend_for(CommonSettings(broker_url=url)).opener("bench")
    link = BrokerLink("bench", opener, on_up=lambda _created: up.set())
    link.start()
    assert up.wait(BROKER_TIMEOUT)
    count = 0
    for count, post in enumerate(posts, 1):
        body = render_job(f"job-{count}", post, flavour)
        link.publish(
            OutgoingMessage(topology.JOBS.name, "render", body, lambda _sent: confirmed.release())
        )
    for _ in range(count):
        assert confirmed.acquire(timeout=BROKER_TIMEOUT)
    link.stop(10)


def render_job(name: str, text: str, flavour: Flavour = "markdown") -> bytes:
    """The message of a job that renders a text."""
    payload = msgspec.Raw(encode(RenderRequest(text, flavour)))
    return encode(Job(name, "render", 1, time.time(), payload))
