"""The lengths of the queues, as gauges without old values."""

import re

from splitflap_api.loops.outcomes.queue_depths import ASK_EVERY, FORGET_AFTER, Queues, SignsOfLoss
from splitflap_core import topology
from splitflap_core.broker import Depth
from splitflap_core.telemetry import Metrics


class Clock:
    """A clock under the test's control."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def shown(metrics: Metrics, name: str, queue: str) -> str:
    """A gauge's value in the exposition."""
    found = re.search(
        rf'^{name}{{queue="{queue}"}} (.+)$', metrics.exposition().decode(), re.MULTILINE
    )
    assert found
    return found[1]


def test_an_answer_is_shown_until_it_is_old() -> None:
    """After a lost connection the gauge is NaN, and not a constant backlog."""
    metrics, clock = Metrics("api"), Clock()
    queues = Queues(metrics, SignsOfLoss(), clock)
    assert shown(metrics, "splitflap_queue_ready_messages", "render") == "NaN"
    queues.ask(lambda _: Depth(7, 2))
    assert shown(metrics, "splitflap_queue_ready_messages", "render") == "7.0"
    assert shown(metrics, "splitflap_queue_consumers", "dead") == "2.0"
    clock.now += FORGET_AFTER
    assert shown(metrics, "splitflap_queue_ready_messages", "render") == "NaN"
    assert shown(metrics, "splitflap_queue_consumers", "dead") == "NaN"


def test_the_consumers_of_a_queue_are_unknown_without_a_fresh_answer() -> None:
    """A queue that the broker refuses has none."""
    clock = Clock()
    queues = Queues(Metrics("api"), SignsOfLoss(), clock)
    assert queues.consumers_of("render.express") is None
    queues.ask(lambda queue: None if queue == "scrape.express" else Depth(0, 3))
    assert queues.consumers_of("render.express") == 3
    assert queues.consumers_of("scrape.express") == 0, "the broker has refused this queue"
    clock.now += FORGET_AFTER
    assert queues.consumers_of("render.express") is None


def test_the_broker_is_queried_at_intervals() -> None:
    """The link polls much more often."""
    asked: list[str] = []

    def depth(queue: str) -> Depth:
        asked.append(queue)
        return Depth(0, 0)

    clock = Clock()
    queues = Queues(Metrics("api"), SignsOfLoss(), clock)
    for _ in range(10):
        queues.ask(depth)
    assert sorted(asked) == sorted(queue.name for queue in topology.QUEUES)
    clock.now += ASK_EVERY
    queues.ask(depth)
    assert len(asked) == 2 * len(topology.QUEUES)


def test_a_queue_is_empty_at_the_time_of_the_question() -> None:
    """A job that is published while the answer is on its way was not in the queue."""
    clock = Clock()
    signs = SignsOfLoss(clock)

    def slow(_queue: str) -> Depth:
        clock.now += 1
        return Depth(0, 1)

    Queues(Metrics("api"), signs, clock).ask(slow)
    assert {sign.seen_at for sign in signs.all()} == {1000.0}
