"""The dispatcher's loops: wake-ups from other replicas, and marks of confirmed jobs."""

from collections.abc import Sized
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from splitflap_api.loops import marker as module
from splitflap_api.loops.dispatch import Dispatcher
from splitflap_api.loops.marker import Marker
from splitflap_api.loops.wake_ups import SENDER
from splitflap_api.settings import ApiSettings
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
        on_wake_up=lambda: woken.append("woken"),
        on_up=lambda: None,
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
    marker = Marker(rig.store, outcome_within=60)
    for job in jobs:
        marker.add(job["id"], 1)
    marker.run_once()
    marked = {row["id"] for row in rig.rows("jobs") if row["dispatched_at"] is not None}
    assert marked == {job["id"] for job in jobs[1:]}
    assert marker.failed


def test_marking_goes_on_after_a_failure(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed mark is left to the reconciler, for example for lack of a free connection."""
    monkeypatch.setattr(module, "MARK_EVERY", 0.02)
    errors = [PoolTimeout("no connection"), RuntimeError("a bug")]
    statement = rig.store.statement

    def failing() -> Any:
        if errors:
            raise errors.pop()
        return statement()

    jobs = [rig.job(rig.post(str(number))) for number in range(3)]
    monkeypatch.setattr(rig.store, "statement", failing)
    marker = Marker(rig.store, outcome_within=60)
    marker.start()
    for left, job in zip((1, 0, 0), jobs, strict=True):
        marker.add(job["id"], 1)
        wait_until(lambda: not marker.waiting, "a marking", 20)
        wait_until(partial(_has_length, errors, left), "its end", 20)
    marker.stop(20)
    marked = [row["id"] for row in rig.rows("jobs") if row["dispatched_at"] is not None]
    assert marked == [jobs[2]["id"]]


def test_a_stop_marks_the_confirmed_jobs(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next marking is not due yet."""
    monkeypatch.setattr(module, "MARK_EVERY", 60.0)
    marker = Marker(rig.store, outcome_within=60)
    marker.start()
    marker.add(rig.job(rig.post())["id"], 1)
    marker.stop(20)
    assert rig.row("jobs")["dispatched_at"] is not None


def _has_length(of: Sized, length: int) -> bool:
    return len(of) == length
