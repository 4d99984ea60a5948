"""How many texts a renderer holds, by how long they take."""

import pytest
from splitflap_renderer.process.prefetch import FEW, PrefetchController


def after(seconds: float, texts: int = 500, slots: int = 2) -> PrefetchController:
    """So many texts that took so long."""
    holding = PrefetchController(slots, most=64)
    for _ in range(texts):
        holding.took(seconds)
    return holding


@pytest.mark.parametrize(
    ("seconds", "count"),
    [(0.0, 64), (0.003, 64), (0.02, 50), (0.1, 16), (0.25, 16), (2.0, 16)],
)
def test_holds_half_a_second_of_work(seconds: float, count: int) -> None:
    """Within its bounds, and within a factor of two."""
    assert count / 2 < after(seconds).count <= count


def test_begins_with_few() -> None:
    """What comes before anything is known may be the heaviest."""
    holding = after(0.0, texts=FEW - 1)
    assert holding.count == 16
    assert holding.took(0.0)
    assert holding.count == 64


def test_says_when_it_has_changed() -> None:
    """Each change is a trip to the broker: a steady flow causes none."""
    holding = after(0.003)
    assert not any(holding.took(0.002 + 0.001 * (number % 3)) for number in range(500))
    assert sum(holding.took(0.1) for _ in range(500)) <= 3
    assert holding.count == 16


def test_one_slow_text_among_many_changes_nothing() -> None:
    """A mean of many; what proves slow has a lane of its own."""
    holding = after(0.003)
    assert not holding.took(0.25)
    assert holding.count == 64


def test_no_more_than_are_to_be_had() -> None:
    """One text a trip, one process: two in all."""
    holding = PrefetchController(1, most=2)
    assert holding.count == 2
    assert not any(holding.took(1.0) for _ in range(50))
