"""Held jobs of low urgency, on both databases."""

from collections import Counter
from itertools import count

import pytest
from splitflap_api.store.engine import Store
from splitflap_core.outcomes import RetryLater

from tests.unit.api.rig import Rig, outcome_of

from .conftest import MakeRig
from .floods import ALWAYS, capacity, finish, flood, held, later, released, share

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def _only_later_passes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The low credit grows with the time, so a slow machine would release more low jobs.

    Each look at the clock takes a millisecond: older jobs finish first.
    """
    milliseconds = count(1_000_000_000_000)
    monkeypatch.setattr(Store, "now", lambda *_: next(milliseconds))


def test_low_jobs_wait_for_normal_ones_without_starving(rig: Rig) -> None:
    """They get a tenth of the time."""
    capacity(rig)
    flood(rig, "import", 60, low=True)
    flood(rig, "noisy", 300)
    got: Counter[str] = Counter()
    for _ in range(12):
        finish(rig)
        rig.fair.charge(ALWAYS)
        later(rig, 2.1)
        got += released(rig)
    assert got["import"] >= 0.08 * got["noisy"]
    assert got["import"] <= 0.2 * got["noisy"]


def import_beside_long_jobs(rig: Rig) -> None:
    """Hold low jobs and normal ones. Each takes two seconds, and there are two slots."""
    capacity(rig, slots=2, mean=2_000.0)
    share(rig, "import", mean=2_000.0, low=True)
    share(rig, "noisy", mean=2_000.0)
    flood(rig, "noisy", 60)
    flood(rig, "import", 20, low=True)


def test_long_low_jobs_get_a_tenth_too(rig: Rig) -> None:
    """Two slots finish a job of two seconds each second. A low one is paid for in full."""
    import_beside_long_jobs(rig)
    got: Counter[str] = Counter()
    for _ in range(40):
        finish(rig, 1, took=2.0, slots=2)
        rig.fair.charge(ALWAYS)
        for _ in range(2):
            later(rig, 0.5)
            got += released(rig)
    assert got["import"] >= 0.08 * got["noisy"]
    assert got["import"] <= 0.2 * got["noisy"]


@pytest.mark.parametrize("guess", [None, 500.0, 10_000.0])
def test_low_jobs_get_a_tenth_whatever_their_mean_is(rig: Rig, guess: float | None) -> None:
    """They take two seconds each. The low credit is charged for this, and not for the guess."""
    capacity(rig, slots=2, mean=50.0)
    share(rig, "noisy", mean=2_000.0, used=200.0)
    if guess:
        share(rig, "import", mean=guess, low=True)
    flood(rig, "noisy", 200)
    flood(rig, "import", 60, low=True)
    for _ in range(80):
        finish(rig, 1, took=2.0, slots=2)
        rig.fair.charge(ALWAYS)
        for _ in range(2):
            later(rig, 0.5)
            released(rig)
    low, normal = 60 - len(rig.rows("jobs", low=True)), 200 - len(rig.rows("jobs", low=False))
    assert low + normal == 80
    assert 6 <= low <= 12


def test_low_jobs_that_could_only_wait_get_their_guess_back(rig: Rig) -> None:
    """They used a tenth of a second of the two that the low credit has paid."""
    import_beside_long_jobs(rig)
    released(rig)
    later(rig, 0.5)
    assert released(rig)["import"] == 1
    (low,) = (row for row in rig.rows("jobs", low=True) if not row["held"])
    rig.apply(outcome_of(low, RetryLater(60.0, "deadline", "waited"), took=0.1, slots=2))
    rig.fair.charge(ALWAYS)
    later(rig, 0.5)
    assert released(rig)["import"] == 1


def test_replicas_share_the_low_credit(make_rig: MakeRig) -> None:
    """Otherwise low jobs get a tenth of each replica that releases."""
    first, second = make_rig(), make_rig()
    import_beside_long_jobs(first)
    got: Counter[str] = Counter()
    for _ in range(20):
        finish(first, 1, took=2.0, slots=2)
        first.fair.charge(ALWAYS)
        for rig in (first, second):
            later(first, 0.5)
            got += released(rig)
    assert got["import"] <= 3


def test_low_jobs_alone_use_half_of_the_window(rig: Rig) -> None:
    """A normal job finds a short queue."""
    capacity(rig)
    flood(rig, "import", 40, low=True)
    assert held(rig)["import"] > 25
    finish(rig)
    assert 9 <= released(rig)["import"] <= 11


def test_low_jobs_get_a_tenth_also_beside_normal_ones_that_nobody_holds(rig: Rig) -> None:
    """Normal jobs keep more than half of the window busy."""
    capacity(rig)
    flood(rig, "busy", 15)
    flood(rig, "import", 10, low=True)
    got: Counter[str] = Counter()
    for _ in range(10):
        later(rig, 1.0)
        got += released(rig)
    assert got["import"] >= 5
