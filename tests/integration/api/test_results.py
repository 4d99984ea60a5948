"""Outcomes from the broker are committed, then acked; only a broken one is a dead letter."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from splitflap_api.store import schema
from splitflap_core.contracts import encode
from splitflap_core.outcomes import Done
from sqlalchemy.exc import OperationalError

from tests.support import wait_until
from tests.support.peer import embedded_broker
from tests.unit.api.rig import Rig, outcome_of, rendered

from .consumer import Consumer

#: Longest wait of a test, in seconds.
PATIENCE = 20.0


@pytest.fixture
def consumer(rig: Rig, tmp_path: Path) -> Iterator[Consumer]:
    """A consumer, stopped with the test."""
    made = Consumer(rig, embedded_broker(tmp_path / "broker"))
    yield made
    made.stop()


def test_only_the_broken_result_is_a_dead_letter(rig: Rig, consumer: Consumer) -> None:
    """The batch fails. Then each outcome is tried alone, and the others are applied."""
    jobs = [rig.job(rig.post(f"post {number}")) for number in range(5)]
    broken = outcome_of(jobs[2], Done(msgspec.Raw(b'{"html": 1}')))
    others = [rendered(job) for job in jobs if job is not jobs[2]]
    consumer.publish(*others[:2], broken, *others[2:])
    consumer.start()
    wait_until(lambda: len(rig.rows(schema.jobs)) == 1, "the others' ends")
    wait_until(lambda: not consumer.results.unsettled, "the acks")
    assert [row["id"] for row in rig.rows(schema.jobs)] == [jobs[2]["id"]]
    [letter] = rig.rows(schema.dead_letters)
    assert (letter["queue"], letter["body"]) == ("results", encode(broken))


def test_an_outcome_is_acked_after_its_commit(
    rig: Rig, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an outage of the database it stays unacked. Afterwards it is applied."""
    tried = []

    def out(*_: Any, **__: Any) -> Any:
        # Private: only a delivery knows whether it was acked.
        tried.append([each.settled for each in consumer.results._gathered])
        raise OperationalError("statement", {}, Exception("the database is out"))

    consumer.publish(rendered(rig.job(rig.post())))
    with monkeypatch.context() as patched:
        patched.setattr(rig.ingest, "apply", out)
        consumer.start()
        wait_until(lambda: len(tried) >= 2, "two tries")
    assert set(map(tuple, tried)) == {(False,)}
    wait_until(lambda: not rig.rows(schema.jobs), "the job's end")
    wait_until(lambda: not consumer.results.unsettled, "the ack")
