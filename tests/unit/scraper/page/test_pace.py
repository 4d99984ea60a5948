"""The work for a page is divided, and pages that take long take turns."""

import threading
import time

import pytest
from splitflap_scraper.page.pace import HEAVY, STEP, Pace


class Clock:
    """A clock that only moves by hand, with the times of the yields."""

    def __init__(self) -> None:
        self.now = 0.0
        self.yields: list[float] = []

    def sleep(self, _seconds: float) -> None:
        self.yields.append(self.now)


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


def test_a_long_part_ends_with_a_yield(clock: Clock) -> None:
    """Its result is passed on."""
    with Pace() as pace:
        clock.now += STEP * 1.2
        assert pace.after("a") == "a"
        assert pace.after("b") == "b"
    assert clock.yields == [STEP * 1.2]


def test_short_parts_share_a_yield(clock: Clock) -> None:
    """An ordinary page needs none."""
    with Pace() as pace:
        for _ in range(6):
            clock.now += STEP * 0.3
            pace.after(None)
    assert len(clock.yields) == 1


def test_a_turn_ends_after_a_yield(clock: Clock) -> None:
    """So all ready threads run between the turns of two pages."""
    pace = heavy(clock)
    with pace:
        assert clock.yields == []
    assert len(clock.yields) == 1


def heavy(clock: Clock) -> Pace:
    """Return the pace of a page that takes long."""
    pace = Pace()
    with pace:
        clock.now += HEAVY * 2
    assert pace.is_heavy
    return pace


def test_one_of_the_pages_that_take_long_runs_at_a_time(clock: Clock) -> None:
    """Ordinary pages do not wait for it."""
    second = heavy(clock)
    entered = threading.Event()

    def enter() -> None:
        with second:
            entered.set()

    thread = threading.Thread(target=enter)
    with heavy(clock):
        thread.start()
        assert not entered.wait(0.05)
        with Pace():
            pass
    assert entered.wait(5)
    thread.join()


def test_an_error_ends_the_turn(clock: Clock) -> None:
    """The deadline may end the work at any yield."""
    with pytest.raises(ZeroDivisionError), heavy(clock):
        raise ZeroDivisionError
    with heavy(clock):
        pass


def test_a_deadline_at_a_yield_leaves_the_turn_free(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn ends with the yield."""

    def interrupted(_seconds: float) -> None:
        raise TimeoutError

    pace = heavy(clock)
    with monkeypatch.context() as patch, pytest.raises(TimeoutError), pace:
        patch.setattr(time, "sleep", interrupted)
    with heavy(clock):
        pass


def test_a_thread_takes_the_turn_again_within_its_turn(clock: Clock) -> None:
    """The work for a page may contain work that is divided too."""
    pace = heavy(clock)
    with pace, pace, heavy(clock):
        clock.now += STEP * 2
        assert pace.after("a") == "a"


def test_work_outside_of_the_context_takes_no_turn(clock: Clock) -> None:
    """Nothing would end the turn."""
    clock.now += STEP * 2
    assert heavy(clock).after("a") == "a"
    assert clock.yields == []
