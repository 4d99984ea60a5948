"""The dispatcher's loops: wake-ups from other replicas, and marks of confirmed jobs."""

import time
from collections.abc import Sized
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from splitflap_api.loops import marker as module
from splitflap_api.loops.dispatch import Dispatcher
from splitflap_api.loops.marker import Marker, Publishing
from splitflap_api.loops.wake_ups import SENDER
from splitflap_api.settings import ApiSettings
from splitflap_api.store import schema
from splitflap_api.store.engine import Store
from splitflap_core.broker import Delivery, backend_for
from splitflap_core.broker.messages import ReceivedMessage
from splitflap_core.settings import load
from splitflap_core.telemetry import Metrics
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tests.support import wait_until

from .rig import Rig


def test_only_other_replicas_wake_a_replica(store: Store, tmp_path: Path) -> None:
    """The fanout returns a replica's own wake-ups to it."""
    woken: list[str] = []
    settings = load(ApiSettings, {"SPLITFLAP_DATA_DIR": str(tmp_path)})
    dispatcher = Dispatcher(
        store,
        backend_for(settings),
        Metrics("api"),
        "here",
        declares=True,
        on_wake_up=lambda: woken.append("woken"),
        on_up=lambda _created: None,
    )
    for sender in ("here", "there", "here"):
        received = ReceivedMessage(1, "events.here", b"{}", {SENDER: sender}, 0)
        # Private: an unconnected link delivers no message.
        dispatcher._woken(Delivery(dispatcher.link, 1, received))
    assert woken == ["woken"]


def test_a_failed_chunk_does_not_delay_the_next(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass marks every other chunk, also the last pass of a stop."""
    monkeypatch.setattr(module, "MARK_CHUNK", 1)
    jobs = [rig.job(rig.post(str(number))) for number in range(3)]
    statement, failures = rig.store.statement, [RuntimeError("a bug")]

    def failing_once() -> Any:
        if failures:
            raise failures.pop()
        return statement()

    monkeypatch.setattr(rig.store, "statement", failing_once)
    marker = Marker(rig.store)
    for job in jobs:
        marker.settled(Publishing.of(job), sent=True)
    marker.run_once()
    marked = {row["id"] for row in rig.rows("jobs") if row["dispatched_at"] is not None}
    assert marked == {job["id"] for job in jobs[1:]}
    assert marker.failed


def test_marking_goes_on_after_a_failure(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an outage the job is marked, so that nobody publishes it again. A bug leaves it due."""
    monkeypatch.setattr(module, "MARK_EVERY", 0.02)
    errors = [PoolTimeout("no connection"), RuntimeError("a bug")]
    statement = rig.store.statement

    def failing() -> Any:
        if errors:
            raise errors.pop()
        return statement()

    jobs = [rig.job(rig.post(str(number))) for number in range(3)]
    monkeypatch.setattr(rig.store, "statement", failing)
    marker = Marker(rig.store)
    marker.start()
    for left, job in zip((1, 0, 0), jobs, strict=True):
        marker.settled(Publishing.of(job), sent=True)
        wait_until(lambda: not marker.waiting, "a marking", 20)
        wait_until(partial(_has_length, errors, left), "its end", 20)
    marker.stop(20)
    marked = [row["id"] for row in rig.rows("jobs") if row["dispatched_at"] is not None]
    assert marked == [jobs[1]["id"], jobs[2]["id"]]


def test_a_marked_job_has_no_due_time(rig: Rig) -> None:
    """It waits for its worker. A second publishing in the same wait keeps the first time."""
    marker = Marker(rig.store)
    job = rig.job(rig.post())
    marker.settled(Publishing.of(job), sent=True)
    marker.run_once()
    marked = rig.row("jobs")
    assert marked["due_at"] is None
    assert marked["first_dispatched_at"] == marked["dispatched_at"] is not None
    rig.change(schema.jobs, first_dispatched_at=7, dispatched_at=None, due_at=9)
    marker.settled(Publishing.of(job), sent=True)
    marker.run_once()
    assert rig.row("jobs")["first_dispatched_at"] == 7


def test_a_mark_has_the_time_of_the_confirm(rig: Rig) -> None:
    """A confirm from before the loss of a queue is marked after the new queue was made."""
    marker = Marker(rig.store)
    with rig.store.read() as tx:
        before = rig.store.now(tx)
    # Private: a confirm that has waited for a minute, for example through an outage.
    marker._confirmed.append((Publishing.of(rig.job(rig.post())), time.monotonic() - 60))
    marker.run_once()
    assert rig.row("jobs")["dispatched_at"] < before


def test_a_confirm_from_before_a_return_marks_nothing(rig: Rig) -> None:
    """The mark is late: the job came back since, and must be published again."""
    marker = Marker(rig.store)
    publishing = Publishing.of(rig.job(rig.post()))
    rig.change(schema.jobs, returns=1)
    marker.settled(publishing, sent=True)
    marker.run_once()
    assert rig.row("jobs")["due_at"] is not None


def test_a_job_is_pending_until_its_mark(rig: Rig) -> None:
    """The reconciler of this process leaves it alone meanwhile."""
    marker = Marker(rig.store)
    sent, refused = (rig.job(rig.post(text)) for text in ("sent", "refused"))
    for job in (sent, refused):
        marker.begin(Publishing.of(job))
    assert marker.is_pending(sent)
    marker.settled(Publishing.of(refused), sent=False)
    assert not marker.is_pending(refused)
    marker.settled(Publishing.of(sent), sent=True)
    assert marker.is_pending(sent)
    marker.run_once()
    assert not marker.is_pending(sent)


def test_a_stop_marks_the_confirmed_jobs(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next marking is not due yet."""
    monkeypatch.setattr(module, "MARK_EVERY", 60.0)
    marker = Marker(rig.store)
    marker.start()
    marker.settled(Publishing.of(rig.job(rig.post())), sent=True)
    marker.stop(20)
    assert rig.row("jobs")["dispatched_at"] is not None


def _has_length(of: Sized, length: int) -> bool:
    return len(of) == length
