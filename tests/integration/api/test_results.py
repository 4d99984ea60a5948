"""Outcomes from the broker are committed, then acked; only a broken one is a dead letter."""

import time
from functools import partial
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from splitflap_api.loops.dispatch import message_of
from splitflap_api.loops.outcomes import intake
from splitflap_api.loops.outcomes.intake import GATHER, MANY
from splitflap_api.loops.outcomes.results import LARGE
from splitflap_api.store import schema
from splitflap_core.broker import Delivery
from splitflap_core.broker.messages import ReceivedMessage
from splitflap_core.contracts import encode
from splitflap_core.kinds import MAX_ATTEMPTS
from splitflap_core.outcomes import Begun, Done
from sqlalchemy.exc import OperationalError

from tests.support import wait_until
from tests.unit.api.rig import Rig, Row, outcome_of, rendered

from .consumer import Consumer

#: Longest wait of a test, in seconds.
PATIENCE = 20.0


def test_only_the_broken_result_is_a_dead_letter(rig: Rig, consumer: Consumer) -> None:
    """The batch fails. Then each outcome is tried alone, and the others are applied."""
    jobs = [rig.job(rig.post(f"post {number}")) for number in range(5)]
    broken = outcome_of(jobs[2], Done(msgspec.Raw(b'{"html": 1}')))
    others = [rendered(job) for job in jobs if job is not jobs[2]]
    consumer.publish(*others[:2], broken, *others[2:])
    consumer.start()
    wait_until(lambda: len(rig.rows(schema.jobs)) == 1, "the others' ends")
    wait_until(lambda: not consumer.unsettled, "the acks")
    assert [row["id"] for row in rig.rows(schema.jobs)] == [jobs[2]["id"]]
    assert rig.row(schema.jobs)["attempt"] == 2
    [letter] = rig.rows(schema.dead_letters)
    assert (letter["queue"], letter["body"]) == ("results", encode(broken))


@pytest.mark.parametrize("size", ["small", "large"])
def test_an_outcome_is_acked_after_its_commit(
    rig: Rig, consumer: Consumer, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    """In an outage of the database it stays unacked. Afterwards it is applied."""
    html = "<p>hello</p>" * (1 if size == "small" else LARGE // 10)
    taker = getattr(consumer.results.normal, size)
    tried = []

    def out(*_: Any, **__: Any) -> Any:
        tried.append([each.settled for each in taker.gathered])
        raise OperationalError("statement", {}, Exception("the database is out"))

    consumer.publish(rendered(rig.job(rig.post()), html=html))
    with monkeypatch.context() as patched:
        patched.setattr(rig.ingest, "apply", out)
        consumer.start()
        wait_until(lambda: len(tried) >= 2, "two tries")
    assert set(map(tuple, tried)) == {(False,)}
    wait_until(lambda: not rig.rows(schema.jobs), "the job's end")
    wait_until(lambda: not consumer.unsettled, "the ack")


@pytest.mark.parametrize(("count", "slept"), [(MANY - 1, []), (MANY, [GATHER]), (MANY + 1, [])])
def test_the_next_batch_gathers_after_a_large_one(
    rig: Rig, consumer: Consumer, monkeypatch: pytest.MonkeyPatch, count: int, slept: list[float]
) -> None:
    """A small batch means little load, so the next outcome does not wait.

    Nor do outcomes that are left.
    """
    found: list[float] = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=found.append)
    monkeypatch.setattr(intake, "time", clock)
    monkeypatch.setattr(intake, "MAX_BATCH", MANY)
    small = consumer.results.normal.small
    for number in range(count):
        body = encode(rendered(rig.job(rig.post(f"post {number}"))))
        received = ReceivedMessage(number, "results", body, {}, 0)
        small.gather(Delivery(consumer.results.normal.link, 1, received))
    while small.take_batch():
        pass
    assert rig.count("jobs") == 0
    assert found == slept


def refused_body(job: Row, outcome: bytes, version: int = 1) -> bytes:
    """An outcome of the job's present attempt that the API refuses."""
    head = {name: job[name] for name in ("kind", "attempt")} | {"job": job["id"]}
    return encode(head | {"version": version, "outcome": msgspec.Raw(outcome)})


@pytest.mark.parametrize(
    "outcome", [b"7", b'"' + b"a" * 15_000_000 + b'"'], ids=["malformed", "15 MB"]
)
def test_a_job_whose_outcomes_are_refused_ends(
    rig: Rig, consumer: Consumer, outcome: bytes
) -> None:
    """Each one counts as an attempt: the job would wait for a good one forever."""
    state = rig.post()
    job = rig.job(state)
    consumer.start()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        consumer.publish_bodies(refused_body(job | {"attempt": attempt}, outcome))
        after = [attempt + 1] if attempt < MAX_ATTEMPTS else []
        wait_until(partial(_attempts_are, rig, after), f"the end of attempt {attempt}", PATIENCE)
    assert rig.body(state)["reason"] == "broken"


def test_a_message_of_another_version_is_no_attempt(rig: Rig, consumer: Consumer) -> None:
    """A newer worker sent it. After the upgrade an operator replays it."""
    state = rig.post()
    body = refused_body(rig.job(state), b"7", version=2)
    consumer.publish_bodies(body)
    consumer.start()
    wait_until(lambda: rig.rows(schema.dead_letters), "the dead letter")
    wait_until(lambda: not consumer.unsettled, "the ack")
    assert rig.job(state)["attempt"] == 1


def test_a_notice_that_comes_again_counts_once(rig: Rig, consumer: Consumer) -> None:
    """The API died between commit and ack. Its begins must not use up an innocent job."""
    state = rig.post()
    begun = encode(outcome_of(rig.job(state), Begun()))
    for deliveries in (0, 1, 2):
        received = ReceivedMessage(1, "results", begun, {}, deliveries)
        # Private: only a crash of the broker or of the API makes it deliver a message again.
        consumer.results.normal.small._take([Delivery(consumer.results.normal.link, 1, received)])
    assert rig.job(state)["begun"] == 1


@pytest.mark.parametrize("queue", ["render", "render.express"])
@pytest.mark.parametrize("reason", ["delivery_limit", "expired"])
def test_a_job_that_the_broker_gave_up_is_no_dead_letter(
    rig: Rig, consumer: Consumer, reason: str, queue: str
) -> None:
    """It is published again, and no attempt counts. The message of an ended job is dropped."""
    state = rig.post()
    rig.change(schema.jobs, dispatched_at=1, first_dispatched_at=1, due_at=None)
    body = encode(message_of(rig.job(state)))
    consumer.start()
    dead = {"x-first-death-queue": queue, "x-first-death-reason": reason}
    consumer.give_up(body, **dead)
    wait_until(lambda: rig.job(state)["due_at"], "the job to be due")
    assert (rig.job(state)["attempt"], rig.job(state)["first_dispatched_at"]) == (1, 1)
    assert rig.metric("splitflap_jobs_retried_total", why="returned") == 1
    rig.apply(rendered(rig.job(state)))
    consumer.give_up(body, **dead)
    wait_until(lambda: not consumer.unsettled, "the ack")
    assert rig.rows(schema.dead_letters) == rig.rows(schema.jobs) == []


def test_an_outcome_that_the_broker_gave_up_is_applied(rig: Rig, consumer: Consumer) -> None:
    """The API was killed at each delivery, or did not run for an hour."""
    state = rig.post()
    dead = {"x-first-death-queue": "results", "x-first-death-reason": "delivery_limit"}
    consumer.give_up(encode(rendered(rig.job(state))), **dead)
    consumer.start()
    wait_until(lambda: not rig.rows(schema.jobs), "the job's end")
    assert rig.body(state)["state"] == "complete"
    assert rig.rows(schema.dead_letters) == []


def test_a_job_that_a_worker_gave_up_is_a_dead_letter(rig: Rig, consumer: Consumer) -> None:
    """The worker could not read its message."""
    body = encode(message_of(rig.job(rig.post())))
    consumer.give_up(body, **{"splitflap-queue": "render", "splitflap-reason": "unreadable"})
    consumer.start()
    wait_until(lambda: rig.rows(schema.dead_letters), "the dead letter")
    letter = rig.row(schema.dead_letters)
    assert (letter["queue"], letter["reason"]) == ("render", "unreadable")


def _attempts_are(rig: Rig, attempts: list[int]) -> bool:
    return [row["attempt"] for row in rig.rows(schema.jobs)] == attempts
