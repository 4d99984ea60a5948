"""Large and express outcomes hold up and wait for no others, and are as safe as small ones."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from splitflap_api.loops.outcomes import intake
from splitflap_api.loops.outcomes.results import LARGE
from splitflap_api.store import schema
from splitflap_core import topology
from splitflap_core.broker import Delivery, Subscription
from splitflap_core.broker.messages import ReceivedMessage
from splitflap_core.contracts import JobOutcome, encode
from sqlalchemy.exc import OperationalError

from tests.support import wait_until
from tests.support.peer import Peer, embedded_broker
from tests.unit.api.rig import Rig, Row, rendered

from .consumer import Consumer

HTML = "<p>hello</p>"
LARGE_HTML = HTML * (LARGE // len(HTML) + 1)

#: Longest stop in seconds.
STOP = 10.0


class Gate:
    """Holds up the commits of outcomes of one job until it is open."""

    def __init__(self, rig: Rig, job: Row, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self._job = job["id"]
        self._apply = rig.ingest.apply
        monkeypatch.setattr(rig.ingest, "apply", self._wait_and_apply)

    def _wait_and_apply(self, outcomes: Sequence[JobOutcome]) -> Any:
        if any(outcome.job == self._job for outcome in outcomes):
            self.open.wait()
        return self._apply(outcomes)


def test_a_large_outcome_does_not_hold_up_a_small_one(
    rig: Rig, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of a large HTML takes up to 0.1 s. Only other large ones wait for it."""
    large, small = rig.job(rig.post("large")), rig.job(rig.post("small"))
    gate = Gate(rig, large, monkeypatch)
    consumer.publish(rendered(large, html=LARGE_HTML), rendered(small))
    consumer.start()
    wait_until(
        lambda: [row["id"] for row in rig.rows(schema.jobs)] == [large["id"]],
        "the small one's end",
        20,
    )
    gate.open.set()
    wait_until(lambda: not rig.rows(schema.jobs), "the large one's end")
    wait_until(lambda: not consumer.unsettled, "the acks")


def test_an_express_outcome_waits_for_no_normal_one(
    rig: Rig, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcomes of a flood fill whole transactions. Express ones have a link of their own."""
    normal, express = rig.job(rig.post("normal")), rig.job(rig.post("express"))
    gate = Gate(rig, normal, monkeypatch)
    consumer.publish(rendered(normal))
    consumer.publish(rendered(express), queue="results.express")
    consumer.start()
    wait_until(
        lambda: [row["id"] for row in rig.rows(schema.jobs)] == [normal["id"]],
        "the express one's end",
        20,
    )
    gate.open.set()
    wait_until(lambda: not rig.rows(schema.jobs), "the normal one's end")


def test_a_stop_commits_and_acks_the_large_outcomes(
    rig: Rig, consumer: Consumer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They came after the last iteration of their loop."""
    loop = consumer.results.normal._large_loop
    monkeypatch.setattr(loop, "_pause", None)
    monkeypatch.setattr(loop, "wake", lambda: None)
    jobs = [rig.job(rig.post(f"post {number}")) for number in range(3)]
    consumer.publish(*(rendered(job, html=LARGE_HTML) for job in jobs))
    consumer.start()
    wait_until(lambda: len(consumer.results.normal.large.gathered) == len(jobs), "the deliveries")
    consumer.results.stop(STOP)
    assert rig.rows(schema.jobs) == []
    assert left_in_queue(tmp_path) == 0


def left_in_queue(tmp_path: Path) -> int:
    """How many outcomes a consumer gets that comes later. A last message ends the search."""
    results = Subscription(topology.RESULTS_QUEUE, prefetch=100)
    later = Peer(embedded_broker(tmp_path / "broker"), results).started()
    try:
        later.publish(b"last", key="results", exchange="results")
        later.wait(lambda: b"last" in later.bodies, "the last message")
        return len(later.bodies) - 1
    finally:
        later.link.stop(1)


def lose_connection(consumer: Consumer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the consumer's session fail, and wait for the next one."""
    link = consumer.results.normal.link
    # Private: the embedded broker has no connection that a test could cut.
    session: Any = link._session

    def fail() -> None:
        raise OSError("lost")

    monkeypatch.setattr(session, "poll", fail)
    link._waker.wake()
    wait_until(lambda: link._session not in (None, session), "another connection")


def test_deliveries_of_a_lost_connection_are_not_kept_twice(
    rig: Rig, consumer: Consumer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker delivers them again. The memory would grow in a long outage of the database."""
    outcomes = [
        rendered(rig.job(rig.post("small"))),
        rendered(rig.job(rig.post("large")), html=LARGE_HTML),
    ]
    consumer.publish(*outcomes)
    with monkeypatch.context() as patched:
        patched.setattr(rig.ingest, "apply", no_answer)
        consumer.start()
        wait_until(lambda: consumer.unsettled == len(outcomes), "the deliveries")
        for _ in range(2):
            lose_connection(consumer, monkeypatch)
            wait_until(lambda: consumer.unsettled >= len(outcomes), "the deliveries again")
    assert consumer.unsettled == len(outcomes)
    wait_until(lambda: not rig.rows(schema.jobs), "the jobs' ends")
    wait_until(lambda: not consumer.unsettled, "the acks")
    consumer.results.stop(STOP)
    assert left_in_queue(tmp_path) == 0


def no_answer(*_: Any) -> Any:
    """A database that does not answer."""
    raise OperationalError("statement", {}, Exception("the database is out"))


def test_a_batch_of_a_lost_connection_takes_no_later_delivery_with_it(
    rig: Rig, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The large outcomes of the next connection come while the loop has those of the last one."""
    first, second = (rig.job(rig.post(text)) for text in ("first", "second"))
    large = consumer.results.normal.large
    apply = rig.ingest.apply

    def connect_anew(outcomes: Sequence[JobOutcome]) -> Any:
        monkeypatch.setattr(rig.ingest, "apply", apply)
        large.forget()
        large.gather(delivery_of(consumer, second))
        return apply(outcomes)

    monkeypatch.setattr(rig.ingest, "apply", connect_anew)
    large.gather(delivery_of(consumer, first))
    assert large.take_batch()
    assert len(large.gathered) == 1
    assert large.take_batch()
    assert rig.rows(schema.jobs) == []


def test_a_flood_of_large_outcomes_does_not_count_as_stuck(
    rig: Rig, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One iteration of the loop lasts as long as they come. Each batch is progress."""
    monkeypatch.setattr(intake, "MAX_BATCH", 1)
    noted: list[int] = []
    note: Callable[[], None] = lambda: noted.append(len(rig.rows(schema.jobs)))  # noqa: E731
    monkeypatch.setattr(consumer.results.normal._large_loop, "note_progress", note)
    for number in range(3):
        job = rig.job(rig.post(f"post {number}"))
        consumer.results.normal.large.gather(delivery_of(consumer, job))
    consumer.results.normal._take_large()
    assert noted == [2, 1, 0]


def delivery_of(consumer: Consumer, job: Row) -> Delivery:
    """The delivery of a job's large outcome."""
    body = encode(rendered(job, html=LARGE_HTML))
    received = ReceivedMessage(1, topology.RESULTS_QUEUE.name, body, {}, 0)
    return Delivery(consumer.results.normal.link, 1, received)
