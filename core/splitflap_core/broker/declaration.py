"""Declares the topology on RabbitMQ, and replaces the queues of another release.

One channel serves all of it: py-amqp opens a channel anew after the broker has closed it.
"""

import logging
import time
from functools import cache

import kombu
from amqp import Channel
from amqp.exceptions import AccessRefused, NotFound, PreconditionFailed

from splitflap_core import topology

logger = logging.getLogger(__name__)

#: Seconds until the API tries again to declare an optional queue that the broker has refused.
DECLARE_AGAIN_AFTER = 60.0


def is_declared(channel: Channel) -> bool:
    """Whether the queues of outcomes and dead letters exist. The API declares them after the jobs'.

    RabbitMQ 4.2.7 and newer refuses a passive declaration of anything that the user may neither
    configure, write nor read. 4.2.6 and 4.3.0 refuse all of a worker's. A missing queue of jobs
    then shows when the worker consumes it.
    """
    try:
        for exchange in (topology.RESULTS, topology.DEAD):
            exchange(channel).declare(passive=True)
        for queue in (topology.RESULTS_QUEUE, topology.DEAD_QUEUE):
            queue(channel).queue_declare(passive=True)
    except NotFound:
        return False
    except AccessRefused:
        return True
    return True


class Declaration:
    """Declares the topology for one session of the API."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        #: When to declare each refused queue again.
        self._refused: dict[str, float] = {}

    def declare(self) -> frozenset[str]:
        """Declare everything. Return the queues that are new."""
        for exchange in topology.EXCHANGES:
            exchange(self._channel).declare()
        return frozenset(queue.name for queue in topology.QUEUES if self._declare_if_allowed(queue))

    def ensure(self, queue: str) -> bool:
        """Declare the queue again from time to time if it was refused. Return whether it exists."""
        again_at = self._refused.get(queue)
        if again_at is not None and time.monotonic() >= again_at:
            [refused] = [each for each in topology.QUEUES if each.name == queue]
            self._declare_if_allowed(refused)
        return queue not in self._refused

    def _declare_if_allowed(self, queue: kombu.Queue) -> bool:
        """Declare a queue. The session goes on without an optional queue that is refused."""
        try:
            is_new = self._declare_queue(queue)
        except AccessRefused as error:
            if queue.name not in topology.OPTIONAL_NAMES:
                raise
            _warn_once(queue.name, error.reply_text)
            self._refused[queue.name] = time.monotonic() + DECLARE_AGAIN_AFTER
            return False
        self._refused.pop(queue.name, None)
        return is_new

    def _declare_queue(self, queue: kombu.Queue) -> bool:
        """Declare a queue with its binding. Return whether it is new."""
        is_new = False
        try:
            queue(self._channel).queue_declare(passive=True)
        except NotFound:
            is_new = True
        try:
            queue(self._channel).declare()
        except PreconditionFailed:
            if queue.name not in topology.REPLACEABLE:
                raise
            is_new = self._replace(queue)
        return is_new

    def _replace(self, queue: kombu.Queue) -> bool:
        """Delete a queue of another release, and declare it anew. Return whether this API did so.

        An exclusive queue is the lock of a replacement: it belongs to one connection. Without it, a
        second API would delete the new queue of the first one, with its messages. RabbitMQ 3.10
        loses all of its dead lettering if a queue is deleted at the moment of its creation.

        Raises:
            ResourceLocked: another API replaces the queue now. The link connects again later.
        """
        lock = kombu.Queue(f"replace.{queue.name}", exclusive=True, durable=False)
        lock(self._channel).queue_declare()
        try:
            queue(self._channel).declare()
        except PreconditionFailed as error:
            logger.warning(
                "broker: the queue %s has the arguments of another release (%s); the API deletes "
                "it, declares it anew, and publishes its jobs again",
                queue.name,
                error.reply_text,
            )
            self._channel.queue_delete(queue.name)
            queue(self._channel).declare()
            return True
        finally:
            self._channel.queue_delete(lock.name)
        return False


@cache
def _warn_once(queue: str, refusal: str) -> None:
    logger.warning(
        "broker: the API may not declare the queue %s (%s); jobs go without it. Grant the API's "
        "user the rights %s to configure, write and read",
        queue,
        refusal,
        topology.RIGHTS["api"].configure,
    )
