"""The rate limit, by a clock that the test turns."""

import pytest
from splitflap_api.overload import rate
from splitflap_api.overload.rate import BURST, RateLimiter


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def admitted(limiter: RateLimiter, key: str = "k", tries: int = 1000) -> int:
    """How many requests in a row are admitted now."""
    for count in range(tries):
        if limiter.wait_for(key):
            return count
    return tries


def test_a_burst_then_the_rate() -> None:
    """Two seconds' worth at once; then as many as the seconds that pass allow."""
    clock = Clock()
    limiter = RateLimiter(5, clock)
    assert admitted(limiter) == 5 * BURST
    clock.now += 1
    assert admitted(limiter) == 5
    clock.now += 3600
    assert admitted(limiter) == 5 * BURST


def test_a_steady_client_is_never_refused() -> None:
    """Who keeps to the rate passes for an hour."""
    clock = Clock()
    limiter = RateLimiter(10, clock)
    for _ in range(36_000):
        clock.now += 0.1
        assert limiter.wait_for("k") == 0


@pytest.mark.parametrize("per_second", [0.1, 0.5, 1, 3, 50])
def test_who_waits_as_told_is_admitted(per_second: float) -> None:
    """Retry-After is true: whole seconds, at least one, and enough."""
    clock = Clock()
    limiter = RateLimiter(per_second, clock)
    admitted(limiter)
    wait = limiter.wait_for("k")
    assert isinstance(wait, int)
    assert 1 <= wait <= 1 / per_second + 1
    clock.now += wait
    assert limiter.wait_for("k") == 0


def test_refused_requests_do_not_count() -> None:
    """A client that knocks on is not kept out for longer."""
    clock = Clock()
    limiter = RateLimiter(1, clock)
    admitted(limiter)
    wait = limiter.wait_for("k")
    assert {limiter.wait_for("k") for _ in range(1000)} == {wait}


def test_keys_do_not_share() -> None:
    """One key's burst costs another nothing."""
    limiter = RateLimiter(1, Clock())
    assert admitted(limiter, "a") == 2
    assert admitted(limiter, "b") == 2


def test_no_limit() -> None:
    """A rate of 0 admits all, and remembers nobody."""
    limiter = RateLimiter(0, Clock())
    assert admitted(limiter, tries=5000) == 5000
    assert not limiter._free_at


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many keys, the one that was silent longest is forgotten."""
    monkeypatch.setattr(rate, "MAX_KEYS", 3)
    limiter = RateLimiter(1, Clock())
    for key in ("a", "b", "c", "a", "d"):
        limiter.wait_for(key)
    assert list(limiter._free_at) == ["c", "a", "d"]
