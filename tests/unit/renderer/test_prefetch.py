"""The prefetch of a renderer follows the time that texts take."""

import pytest
from splitflap_renderer.process.prefetch import MIN_SAMPLES, PrefetchController


def controller_after(seconds: float, texts: int = 500, slots: int = 2) -> PrefetchController:
    """A controller that has observed `texts` texts of `seconds` each."""
    controller = PrefetchController(slots, most=64)
    for _ in range(texts):
        controller.observe(seconds)
    return controller


@pytest.mark.parametrize(
    ("seconds", "count"),
    [(0.0, 64), (0.003, 64), (0.02, 50), (0.1, 16), (0.25, 16), (2.0, 16)],
)
def test_the_prefetch_is_half_a_second_of_work(seconds: float, count: int) -> None:
    """The prefetch stays within its bounds, and within a factor of two."""
    assert count / 2 < controller_after(seconds).count <= count


def test_the_prefetch_starts_at_its_minimum() -> None:
    """The first texts may be the slowest ones."""
    controller = controller_after(0.0, texts=MIN_SAMPLES - 1)
    assert controller.count == 16
    assert controller.observe(0.0)
    assert controller.count == 64


def test_a_steady_flow_changes_no_prefetch() -> None:
    """Each change costs a round trip to the broker."""
    controller = controller_after(0.003)
    assert not any(controller.observe(0.002 + 0.001 * (number % 3)) for number in range(500))
    assert sum(controller.observe(0.1) for _ in range(500)) <= 3
    assert controller.count == 16


def test_one_slow_text_changes_no_prefetch() -> None:
    """The mean is over many texts."""
    controller = controller_after(0.003)
    assert not controller.observe(0.25)
    assert controller.count == 64


def test_the_prefetch_stays_below_its_maximum() -> None:
    """One process with batches of one text holds two texts."""
    controller = PrefetchController(1, most=2)
    assert controller.count == 2
    assert not any(controller.observe(1.0) for _ in range(50))
