"""The queues declared on the broker."""

import re
from collections.abc import Iterator
from dataclasses import astuple
from unittest.mock import MagicMock

import pytest
from amqp.exceptions import PreconditionFailed
from kombu import Queue
from splitflap_core import topology
from splitflap_core.broker.declaration import Declaration, is_declared
from splitflap_core.contracts import Kind
from splitflap_core.kinds import KINDS

DAY_MS = 24 * 3_600_000


@pytest.mark.parametrize("queue", topology.QUEUES, ids=lambda queue: queue.name)
def test_queues_are_durable_and_limit_deliveries(queue: Queue) -> None:
    """An existing queue keeps its arguments forever."""
    arguments = queue.queue_arguments
    assert queue.durable
    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-delivery-limit"] == 20
    # Without it RabbitMQ falls back to dead lettering at most once.
    assert arguments["x-overflow"] == "reject-publish"


def test_a_job_waits_for_its_worker_without_a_limit_of_time() -> None:
    """RabbitMQ drops an expired message. A webhook's is no job: the API publishes it again."""
    limited = {queue.name for queue in topology.QUEUES if "x-message-ttl" in queue.queue_arguments}
    assert limited == {"dead", "deliver"}
    assert topology.DEAD_QUEUE.queue_arguments["x-message-ttl"] == 7 * DAY_MS
    assert "dead" not in topology.REPLACEABLE


def test_every_queue_dead_letters_at_least_once() -> None:
    """The queue `dead` itself is an exception, and `deliver`: the API has what it has."""
    for queue in set(topology.QUEUES) - {topology.DEAD_QUEUE, topology.DELIVER_QUEUE}:
        assert queue.queue_arguments["x-dead-letter-exchange"] == topology.DEAD_QUEUE.exchange.name
        assert queue.queue_arguments["x-dead-letter-strategy"] == "at-least-once"
    assert "x-dead-letter-exchange" not in topology.DEAD_QUEUE.queue_arguments


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_an_express_queue_like_its_own(kind: Kind) -> None:
    """A message of either queue is a job of the kind."""
    normal, express = topology.JOB_QUEUES[kind], topology.EXPRESS_QUEUES[kind]
    assert express.name == express.routing_key == f"{kind}.express"
    assert express.exchange == normal.exchange
    assert express.queue_arguments == normal.queue_arguments
    assert topology.KIND_OF[normal.name] == topology.KIND_OF[express.name] == kind
    assert {normal.name, express.name} < set(topology.WORK_QUEUES)


def test_the_outcomes_of_express_jobs_have_a_queue_like_that_of_all_others() -> None:
    """An API of an older release has not declared it, and broker users may lack its rights."""
    normal, express = topology.RESULTS_QUEUE, topology.EXPRESS_RESULTS_QUEUE
    assert express.name == express.routing_key == "results.express"
    assert express.exchange == normal.exchange
    assert express.queue_arguments == normal.queue_arguments
    assert express.name in topology.EXPRESS_NAMES
    assert express not in topology.REQUIRED_QUEUES


def test_the_broker_gives_up_later_than_the_workers() -> None:
    """The broker's delivery limit is a backstop."""
    assert topology.REDELIVERED_TOO_OFTEN < topology.DELIVERY_LIMIT


def test_a_wake_up_queue_ends_with_its_replica() -> None:
    """The queue holds one wake-up at most, which is enough."""
    queue = topology.wake_up_queue("r1")
    assert (queue.name, queue.exchange.name) == ("events.r1", "events")
    assert queue.exclusive
    assert queue.auto_delete
    assert queue.max_length == 1


def declarations(channel: MagicMock) -> Iterator[tuple[str, dict[str, object]]]:
    """The names and options of everything that was declared on the channel."""
    for call in (*channel.exchange_declare.mock_calls, *channel.queue_declare.mock_calls):
        name = call.kwargs.get("queue") or call.kwargs["exchange"]
        yield name, call.kwargs


@pytest.mark.parametrize("service", [spec.service for spec in KINDS.values()])
def test_a_worker_asks_only_for_what_it_has_a_right_on(service: str) -> None:
    """RabbitMQ 4.3 refuses a passive declaration of anything else."""
    channel = MagicMock()
    assert is_declared(channel)
    asked = list(declarations(channel))
    assert asked
    for name, options in asked:
        assert options["passive"]
        assert any(re.search(right, name) for right in astuple(topology.RIGHTS[service])), name


def test_no_queue_is_transient_and_shared() -> None:
    """RabbitMQ 4.3 refuses such a queue. The locks of replacements are queues too."""
    locks = set()

    def declare(queue: str, *, durable: bool, passive: bool, **_: object) -> None:
        """Refuse each queue that can be replaced, until its lock exists."""
        if not durable:
            locks.add(queue)
        elif not passive and queue in topology.REPLACEABLE and f"replace.{queue}" not in locks:
            raise PreconditionFailed(f"another {queue}")

    channel = MagicMock(**{"queue_declare.side_effect": declare})
    Declaration(channel).declare()
    assert locks == {f"replace.{name}" for name in topology.REPLACEABLE}
    topology.wake_up_queue("r1")(channel).queue_declare()
    for _, options in declarations(channel):
        assert "queue" not in options or options["durable"] or options["exclusive"]
