"""The verdict follows the rows: slots, CPU work, and engines on both sides of a fork."""

import pytest

from benchmarks.talk.experiment import Case, Rows, Verdict
from benchmarks.talk.experiments.processes import verdict
from benchmarks.talk.forked.engines import DISPOSED, ENGINES, USED
from benchmarks.talk.forked.memory import COUNTS, FORKS, MOMENTS

from . import Figures, case

#: Answers to the engine that was used before the fork.
MIXED_UP: Figures = {"sent": 100, "right": 40, "wrong": 30, "errors": 20, "missing": 10}
ALL_RIGHT: Figures = {"sent": 100, "right": 100, "wrong": 0, "errors": 0, "missing": 0}


def speed(work: str, gain: float, in_flight: int | None = None) -> list[Case]:
    """The peak and the half of each number of processes. The most finish `gain` times as many."""
    found = []
    for count in COUNTS:
        rate = 10 * gain if count == COUNTS[-1] else 10
        figures = {"rate": rate, "in_flight": in_flight or count, "ping_p99": 50.0, "cpus": 2}
        found += [
            case(figures, part="speed", work=work, processes=count, load=load)
            for load in ("peak", "half")
        ]
    return found


def memory() -> list[Case]:
    """The same memory at all times."""
    most = COUNTS[-1]
    return [
        case({"all_mib": 100}, part="memory", fork=fork, processes=most, after=after)
        for fork in FORKS
        for after in MOMENTS
    ]


def verdict_of(
    *,
    cpu_gain: float = 1.9,
    in_flight: int | None = None,
    more: Figures | None = None,
    **engines: Figures,
) -> Verdict:
    """`engines` has answers of `used` and `disposed`."""
    answers = {USED: engines.get("used", MIXED_UP), DISPOSED: engines.get("disposed", ALL_RIGHT)}
    rows = [*speed("io", 4, in_flight), *speed("cpu", cpu_gain), *memory()]
    rows += [case(answers.get(each, ALL_RIGHT), part="engine", engine=each) for each in ENGINES]
    if more:
        rows.append(case(more, part="speed", work="other", processes=1, load="peak"))
    return verdict(Rows(rows))


def test_slots_and_cpus_that_grow_hold_the_claim() -> None:
    """Wrong answers of the engine belong to the claim, not to the speed."""
    found = verdict_of()
    assert found.still_true.startswith("Yes:")
    assert "Not every answer" not in found.still_true
    assert "4 times as many requests that wait as 1, and 1.9 times" in found.by_how_much
    assert "nan" not in found.by_how_much


@pytest.mark.parametrize(("gain", "in_flight", "begins"), [(1.1, None, "In part:"), (4, 1, "No:")])
def test_a_gain_that_is_not_there_ends_the_claim(
    gain: float, in_flight: int | None, begins: str
) -> None:
    """CPU work that does not gain ends a part of it, and slots that are not there all of it."""
    assert verdict_of(cpu_gain=gain, in_flight=in_flight).still_true.startswith(begins)


def test_the_engine_counts_what_went_wrong() -> None:
    """All failures, and those that look right."""
    told = verdict_of().still_true
    assert "failed 60 of 100 requests. 30 of these got the answer to another request" in told
    assert told.endswith("The 3 other ways to have an engine failed none of 300.")


def test_an_engine_that_did_no_harm_is_not_called_safe() -> None:
    """Once is no proof."""
    told = verdict_of(used=ALL_RIGHT).still_true
    assert "failed 0 of 100 requests. That is no proof" in told


def test_a_way_that_is_no_longer_safe_is_named() -> None:
    """With its failures."""
    told = verdict_of(disposed={**ALL_RIGHT, "right": 98, "wrong": 2}).still_true
    assert f"failed 2 wrong ({DISPOSED}), of 300 requests" in told


def test_speed_tells_of_answers_that_were_not_right() -> None:
    """Apart from those of the engine."""
    assert "Not every answer was right: 3 missing." in verdict_of(more={"missing": 3}).still_true
