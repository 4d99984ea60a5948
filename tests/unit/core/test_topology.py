"""What is declared on the broker."""

import pytest
from kombu import Queue
from splitflap_core import topology

DAY_MS = 24 * 3_600_000


@pytest.mark.parametrize("queue", topology.QUEUES, ids=lambda queue: queue.name)
def test_queues_are_durable_and_bounded(queue: Queue) -> None:
    """Quorum queues with a limit by age and by deliveries: arguments cannot be changed later."""
    arguments = queue.queue_arguments
    assert queue.durable
    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-delivery-limit"] == 20
    assert 0 < arguments["x-message-ttl"] <= 7 * DAY_MS
    # Without it RabbitMQ falls back to dead lettering at most once.
    assert arguments["x-overflow"] == "reject-publish"


def test_what_rabbitmq_gives_up_on_is_kept() -> None:
    """Every queue but the last one leads to `dead`, at least once."""
    for queue in (topology.RENDER_QUEUE, topology.SCRAPE_QUEUE, topology.RESULTS_QUEUE):
        assert queue.queue_arguments["x-dead-letter-exchange"] == topology.DEAD_QUEUE.exchange.name
        assert queue.queue_arguments["x-dead-letter-strategy"] == "at-least-once"
    assert "x-dead-letter-exchange" not in topology.DEAD_QUEUE.queue_arguments


def test_backstops_are_behind_what_they_back() -> None:
    """A worker hands a job back long before the broker gives up on it."""
    assert topology.REDELIVERED_TOO_OFTEN < topology.DELIVERY_LIMIT


def test_a_replicas_queue_goes_with_it() -> None:
    """And holds one wake-up at most: more would say no more."""
    queue = topology.wake_up_queue("r1")
    assert (queue.name, queue.exchange.name) == ("events.r1", "events")
    assert queue.exclusive
    assert queue.auto_delete
    assert queue.max_length == 1
