"""Outcomes from the broker: committed, then acked; the guilty alone is buried."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from splitflap_api.loops.results import Results
from splitflap_api.store import schema
from splitflap_core.contracts import JobOutcome, encode
from splitflap_core.outcomes import Done
from sqlalchemy.exc import OperationalError

from tests.integration.broker.peer import Peer, files
from tests.support import wait_until

from .replica import Replica, outcome_of, rendered

#: Seconds that a test waits for what must happen.
PATIENCE = 20.0


class Consumer:
    """The results' consumer of a replica, and a worker that publishes to it."""

    def __init__(self, replica: Replica, folder: Path) -> None:
        backend = files(folder)
        self.worker = Peer(backend).started()
        self.results = Results(
            replica.store,
            replica.ingest,
            backend,
            replica.metrics,
            "test",
            publish=replica.published.extend,
            changed=lambda: None,
        )

    def publish(self, *outcomes: JobOutcome) -> None:
        """As one batch: before the consumer starts, they all wait."""
        bodies = [encode(outcome) for outcome in outcomes]
        self.worker.publish(*bodies, key="results", exchange="results")
        self.worker.wait(lambda: len(self.worker.sent) == len(bodies), "the confirms")

    def start(self) -> None:
        """Consume."""
        self.results.link.start()

    def stop(self) -> None:
        """Close both links."""
        self.results.link.stop(1)
        self.worker.link.stop(1)


@pytest.fixture
def consumer(replica: Replica, tmp_path: Path) -> Iterator[Consumer]:
    """One that is stopped with the test."""
    made = Consumer(replica, tmp_path / "broker")
    yield made
    made.stop()


def test_broken_result_is_buried_alone(replica: Replica, consumer: Consumer) -> None:
    """It spoils its batch; then each is tried alone, and the others have their effect."""
    jobs = [replica.job(replica.post(f"post {number}")) for number in range(5)]
    broken = outcome_of(jobs[2], Done(msgspec.Raw(b'{"html": 1}')))
    others = [rendered(job) for job in jobs if job is not jobs[2]]
    consumer.publish(*others[:2], broken, *others[2:])
    consumer.start()
    wait_until(lambda: len(replica.rows(schema.jobs)) == 1, "the others' ends")
    wait_until(lambda: not consumer.results._gathered, "the acks")
    assert [row["id"] for row in replica.rows(schema.jobs)] == [jobs[2]["id"]]
    [letter] = replica.rows(schema.dead_letters)
    assert (letter["queue"], letter["body"]) == ("results", encode(broken))


def test_outcome_is_acked_after_its_commit(
    replica: Replica, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database is out it stays unacked, and is taken when it is back."""
    tried = []

    def out(*_: Any, **__: Any) -> Any:
        tried.append([each.settled for each in consumer.results._gathered])
        raise OperationalError("statement", {}, Exception("the database is out"))

    consumer.publish(rendered(replica.job(replica.post())))
    with monkeypatch.context() as patched:
        patched.setattr(replica.ingest, "apply", out)
        consumer.start()
        wait_until(lambda: len(tried) >= 2, "two tries")
    assert set(map(tuple, tried)) == {(False,)}
    wait_until(lambda: not replica.rows(schema.jobs), "the job's end")
    wait_until(lambda: not consumer.results._gathered, "the ack")
