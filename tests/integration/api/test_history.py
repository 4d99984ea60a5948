"""The history: several replicas, clocks, outages and dead processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from splitflap_api.contract.status_models import StatusHistory
from splitflap_api.domain.operator import history
from splitflap_api.domain.operator.history import STEP, STEPS, read_history, read_recent
from splitflap_api.loops import history as loop
from splitflap_api.store import schema
from splitflap_api.store.engine import Store
from sqlalchemy.exc import OperationalError

from tests.unit.api.rig import Rig

from .conftest import MakeRig

#: A time at which a step begins, in milliseconds.
START = 1_800_000_000_000


class Clock:
    """The database's clock."""

    def __init__(self) -> None:
        self.now = START
        self.monotonic = 5_000_000

    def pass_steps(self, steps: float) -> None:
        """Let time pass."""
        self.now += int(steps * STEP)
        self.monotonic += int(steps * STEP)

    def set_forward(self, steps: float) -> None:
        """An operator sets the clock, to the past if `steps` is negative."""
        self.now += int(steps * STEP)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that all replicas share."""
    made = Clock()
    monkeypatch.setattr(Store, "now", lambda _self, _tx: made.now)
    monkeypatch.setattr(loop, "_monotonic_ms", lambda: made.monotonic)
    return made


def accept(rig: Rig, requests: int) -> None:
    """Count accepted requests, as a commit does."""
    rig.metrics.histogram("splitflap_commit_batch_size").observe(requests)


def record(rig: Rig) -> None:
    """Run one iteration. No duty may fail."""
    rig.recorder.run_once()
    assert not rig.recorder.failed


def shown(rig: Rig, name: str) -> list[float | None]:
    """The series of a name without the empty steps before it."""
    with rig.store.read() as tx:
        values = series(read_history(tx, rig.store.now(tx)), name)
    return values[next(n for n, value in enumerate([*values, 0]) if value is not None) :]


def series(found: StatusHistory, name: str) -> list[float | None]:
    """The values of a name."""
    return next(each.values for each in found.series if each.name == name)


@contextmanager
def outage(monkeypatch: pytest.MonkeyPatch, rig: Rig) -> Iterator[None]:
    """No statement reaches the database."""

    def refuse() -> Any:
        raise OperationalError("x", {}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(rig.store, "statement", refuse)
        patch.setattr(rig.store, "read", refuse)
        yield


def test_the_counts_of_replicas_are_added(make_rig: MakeRig, clock: Clock) -> None:
    """Both write the same steps, one of them twice as late."""
    one, other = make_rig(), make_rig()
    for step in (1, 2):
        accept(one, 3 * step)
        accept(other, 4)
        clock.pass_steps(1)
        record(one)
        record(other)
    clock.pass_steps(0.5)
    assert shown(one, "accepted") == [7, 10]
    with one.store.read() as tx:
        recent = read_recent(tx, clock.now)
    assert recent.rates["accepted"] == 17 / 20
    assert len(recent.streams) == 2


def test_one_replica_reads_the_gauges_for_all(make_rig: MakeRig, clock: Clock) -> None:
    """A count of the running tasks is not cheap. The first one writes it."""
    one, other = make_rig(), make_rig()
    one.post()
    one.reconcile()
    for rig in (one, other):
        rig.metrics.gauge("splitflap_event_streams").set(2)
    clock.pass_steps(1)
    record(one)
    record(other)
    rows = one.rows(schema.history)
    assert sorted(row["running"] is None for row in rows) == [False, True]
    clock.pass_steps(0.5)
    assert shown(other, "running") == [1]
    assert shown(other, "render_waiting") == [1]
    assert shown(other, "scrape_oldest") == [0]
    assert shown(other, "dead") == [0]
    assert shown(other, "streams") == [4]


def test_a_step_written_again_counts_once(
    rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has committed, but its answer is lost."""

    def write_and_lose(tx: Any, rows: Any) -> None:
        history.write_steps(tx, rows)
        tx.commit()
        raise OperationalError("x", {}, Exception("gone"))

    accept(rig, 5)
    clock.pass_steps(1)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "write_steps", write_and_lose)
        rig.recorder.run_once()
    clock.pass_steps(1)
    accept(rig, 1)
    record(rig)
    clock.pass_steps(0.5)
    assert shown(rig, "accepted") == [5, 1]


def test_an_outage_of_the_database_loses_no_count(
    rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step gets its own counts afterwards."""
    clock.pass_steps(1)
    record(rig)
    with outage(monkeypatch, rig):
        for requests in (2, 3, 4):
            accept(rig, requests)
            clock.pass_steps(1)
            rig.recorder.run_once()
            assert rig.recorder.failed
    clock.pass_steps(1)
    record(rig)
    clock.pass_steps(0.5)
    assert shown(rig, "accepted") == [0, 2, 3, 4, 0]


def test_counts_before_the_first_answer_of_the_database_are_kept(
    rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its clock no step is known."""
    accept(rig, 2)
    with outage(monkeypatch, rig):
        clock.pass_steps(1)
        rig.recorder.run_once()
    clock.pass_steps(1)
    record(rig)
    clock.pass_steps(0.5)
    assert shown(rig, "accepted") == [2]


def test_an_outage_is_remembered_for_an_hour(
    rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More steps would be shown nowhere."""
    clock.pass_steps(1)
    record(rig)
    with outage(monkeypatch, rig):
        for _ in range(STEPS + 40):
            accept(rig, 1)
            clock.pass_steps(1)
            rig.recorder.run_once()
    assert len(rig.recorder._rows) == STEPS
    clock.pass_steps(1)
    record(rig)
    assert len(rig.rows(schema.history)) == STEPS + 1


@pytest.mark.parametrize("steps", [-3, 3])
def test_a_clock_that_is_set_loses_no_count(rig: Rig, clock: Clock, steps: int) -> None:
    """The counts are added to steps that were written before, or leave a hole."""
    for step in range(8):
        accept(rig, 1)
        clock.pass_steps(1)
        if step == 4:
            clock.set_forward(steps)
        record(rig)
    rows = rig.rows(schema.history)
    assert sum(row["accepted"] for row in rows) == 8
    assert len(rows) == (5 if steps < 0 else 8)


def test_rows_of_a_clock_in_the_future_are_deleted(
    rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise they would count when the clock comes to them. No chart shows them before."""
    monkeypatch.setattr(loop, "FORGET_EVERY", 0.0)
    clock.pass_steps(1)
    record(rig)
    clock.set_forward(1000)
    clock.pass_steps(1)
    accept(rig, 9)
    record(rig)
    clock.set_forward(-1000)
    clock.pass_steps(1)
    record(rig)
    clock.pass_steps(0.5)
    assert [row["step"] for row in rig.rows(schema.history)] == [START + 2 * STEP]
    assert shown(rig, "accepted") == [0]


def test_old_rows_are_deleted_by_any_replica(
    make_rig: MakeRig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those of a replica that is gone."""
    gone, other = make_rig(), make_rig()
    clock.pass_steps(1)
    record(gone)
    record(other)
    monkeypatch.setattr(loop, "FORGET_EVERY", 0.0)
    clock.pass_steps(STEPS + 5)
    record(other)
    assert {row["step"] for row in other.rows(schema.history)} >= {START}
    clock.pass_steps(3)
    record(other)
    assert START not in {row["step"] for row in other.rows(schema.history)}


def test_a_dead_replica_counts_for_half_a_minute(make_rig: MakeRig, clock: Clock) -> None:
    """Its last step stays in the history; what it had counted since is lost."""
    dies, lives = make_rig(), make_rig()
    accept(dies, 5)
    clock.pass_steps(1)
    record(dies)
    record(lives)
    accept(dies, 7)
    replicas = []
    for _ in range(5):
        with lives.store.read() as tx:
            replicas.append(len(read_recent(tx, clock.now).streams))
        clock.pass_steps(1)
        record(lives)
    assert replicas == [2, 2, 2, 2, 1]
    clock.pass_steps(0.5)
    assert sum(value or 0 for value in shown(lives, "accepted")) == 5


def test_a_step_without_a_replica_has_no_value(rig: Rig, clock: Clock) -> None:
    """An hour has 360 steps. The last one shown is the last that all replicas have written."""
    accept(rig, 1)
    clock.pass_steps(1)
    record(rig)
    clock.pass_steps(2)
    with rig.store.read() as tx:
        found = read_history(tx, clock.now + 1_999)
    assert {len(each.values) for each in found.series} == {STEPS}
    assert series(found, "accepted")[-3:] == [None, 1, None]
    assert (found.step_seconds, found.until) == (10, "2027-01-15T08:00:20.000Z")
