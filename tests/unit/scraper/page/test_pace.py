"""Other green threads run between the parts of a long computation."""

import time

import pytest
from splitflap_scraper.page.pace import STEP, Pace


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, and the times of the yields after it."""
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda _: clock.append(clock[0]))
    return clock


def test_a_long_part_ends_with_a_yield(clock: list[float]) -> None:
    """Its result is passed on."""
    paced = Pace()
    clock[0] += STEP * 2
    assert paced.after("a") == "a"
    assert paced.after("b") == "b"
    assert clock[1:] == [STEP * 2]


def test_short_parts_share_a_yield(clock: list[float]) -> None:
    """An ordinary page needs none."""
    paced = Pace()
    for _ in range(10):
        clock[0] += STEP * 0.3
        paced.after(None)
    assert len(clock[1:]) == 2
