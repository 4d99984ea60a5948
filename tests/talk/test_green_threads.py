"""Green threads wait together where the patch reaches, and nowhere else."""

import pytest

from benchmarks.talk.experiments.green_threads import EXPERIMENT
from benchmarks.talk.probes.green_threads import (
    EARLY,
    IN_C,
    IN_PYTHON,
    LATE,
    LIBRARIES,
    LOCKED,
    SLOTS,
    TOLD,
    WHOLE,
    YIELDING,
)

from .conftest import QuickRows

pytestmark = pytest.mark.parametrize("library", LIBRARIES)


@pytest.mark.parametrize(("patched", "in_flight"), [("yes", SLOTS), ("no", 1)])
def test_the_patch_lets_green_threads_wait_together(
    quick_rows: QuickRows, library: str, patched: str, in_flight: int
) -> None:
    """Without it, the first wait blocks all."""
    row = quick_rows("green_threads").one(work="io", library=library, patched=patched)
    assert row.most("in_flight") == in_flight
    assert (row.total("wrong"), row.total("errors"), row.total("missing")) == (0, 0, 0)


@pytest.mark.parametrize("driver", [*IN_C, IN_PYTHON])
def test_a_driver_that_waits_in_c_has_one_query_in_flight(
    quick_rows: QuickRows, library: str, driver: str
) -> None:
    """Although all is patched. A driver in Python has several."""
    rows = quick_rows("green_threads").where(work="db", library=library, waits="as installed")
    row = rows.one(driver=driver)
    assert (row.most("in_flight") == 1) == (TOLD[library] == driver)
    assert (row.total("wrong"), row.total("errors"), row.total("missing")) == (0, 0, 0)


def test_a_driver_that_is_told_to_wait_in_python_has_several(
    quick_rows: QuickRows, library: str
) -> None:
    """The driver that the library does not reach."""
    row = quick_rows("green_threads").one(work="db", library=library, waits="in Python")
    assert row.labels["driver"] == TOLD[library]
    assert row.most("in_flight") > 1


def test_a_ping_overtakes_cpu_work_that_sleeps(quick_rows: QuickRows, library: str) -> None:
    """It overtakes CPU work that does not sleep only if the server finds both at once."""
    rows = quick_rows("green_threads").where(work="cpu", library=library)
    whole, yielding = (rows.one(computes=each) for each in (WHOLE, YIELDING))
    assert whole.total("overtook") < yielding.total("overtook")
    assert rows.total("wrong") == 0


@pytest.mark.parametrize(("made", "answered"), [(LATE, LOCKED[-1]), (EARLY, 0)])
def test_a_lock_made_before_the_patch_blocks_the_process(
    quick_rows: QuickRows, library: str, made: str, answered: int
) -> None:
    """One request alone is answered. The second that wants the lock stops all for good."""
    rows = quick_rows("green_threads").where(work="lock", library=library, made=made)
    assert rows.one(requests=1).total("right") == 1
    together = rows.one(requests=LOCKED[-1])
    assert together.total("right") == answered
    assert together.total("ping_failures") == (0 if answered else 1)


def test_async_views_fail(quick_rows: QuickRows, library: str) -> None:
    """The green threads of one thread share its event loop."""
    row = quick_rows("green_threads").one(work="async", library=library)
    assert row.total("errors") + row.total("missing") > row.total("right")


def test_the_verdict_finds_its_figures(quick_rows: QuickRows, library: str) -> None:
    """In the rows of each run, also of one on a busy machine."""
    del library
    assert "nan" not in EXPERIMENT.verdict(quick_rows("green_threads")).by_how_much.split()
