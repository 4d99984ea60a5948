"""Puts messages into the queues of a stack's broker, in the format that the services read."""

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import kombu

from .stack import Stack

#: Seconds for the connection, and for the confirm of one message.
BROKER_TIMEOUT = 20.0

#: The exchange that fills each queue (docs/architecture.md, "The way of the data").
EXCHANGES = {"render": "jobs", "scrape": "jobs", "results": "results"}


class Publisher(ABC):
    """Puts bodies into queues."""

    @abstractmethod
    def put(self, queue: str, body: bytes) -> None:
        """Put a message into a queue, and wait until the broker has it."""


class AmqpPublisher(Publisher):
    """Publishes to RabbitMQ with confirms."""

    def __init__(self, connection: kombu.Connection) -> None:
        self._channel = connection.channel()

    def put(self, queue: str, body: bytes) -> None:
        message = self._channel.prepare_message(body, content_type="application/json")
        # A refused message and a missing queue both raise here.
        self._channel.basic_publish(
            message, exchange=EXCHANGES[queue], routing_key=queue, mandatory=True
        )


class FolderPublisher(Publisher):
    """Writes files of the embedded broker: a line of headers, then the body."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, queue: str, body: bytes) -> None:
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex}.0"
        # A reader must never see half a file.
        unfinished = self._folder / f".{name}"
        unfinished.write_bytes(b"{}\n" + body)
        unfinished.rename(self._folder / queue / name)


@contextmanager
def publisher(stack: Stack) -> Iterator[Publisher]:
    """A publisher to the stack's broker."""
    if stack.backend.is_embedded:
        yield FolderPublisher(Path(stack.backend.broker))
        return
    options = {"confirm_publish": True, "read_timeout": BROKER_TIMEOUT}
    with kombu.Connection(
        stack.backend.broker, connect_timeout=BROKER_TIMEOUT, transport_options=options
    ) as connection:
        yield AmqpPublisher(connection)
