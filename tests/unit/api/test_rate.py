"""The rate limit, with a clock set by the test."""

import pytest
from splitflap_api.overload import rate
from splitflap_api.overload.rate import BURST, RateLimiter


class Clock:
    """Seconds, set by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def admitted(limiter: RateLimiter, key: str = "k", tries: int = 1000) -> int:
    """The number of requests in a row admitted now."""
    for count in range(tries):
        if limiter.wait_for(key):
            return count
    return tries


def test_a_key_may_burst_and_then_keeps_to_the_rate() -> None:
    """Two seconds of the rate at once, then the rate."""
    clock = Clock()
    limiter = RateLimiter(5, clock)
    assert admitted(limiter) == 5 * BURST
    clock.now += 1
    assert admitted(limiter) == 5
    clock.now += 3600
    assert admitted(limiter) == 5 * BURST


def test_a_steady_client_is_never_refused() -> None:
    """A client at the rate passes for an hour."""
    clock = Clock()
    limiter = RateLimiter(10, clock)
    for _ in range(36_000):
        clock.now += 0.1
        assert limiter.wait_for("k") == 0


@pytest.mark.parametrize("per_second", [0.1, 0.5, 1, 3, 50])
def test_retry_after_is_enough(per_second: float) -> None:
    """Whole seconds, at least one."""
    clock = Clock()
    limiter = RateLimiter(per_second, clock)
    admitted(limiter)
    wait = limiter.wait_for("k")
    assert isinstance(wait, int)
    assert 1 <= wait <= 1 / per_second + 1
    clock.now += wait
    assert limiter.wait_for("k") == 0


def test_refused_requests_do_not_count() -> None:
    """Repeated requests do not prolong the wait."""
    clock = Clock()
    limiter = RateLimiter(1, clock)
    admitted(limiter)
    wait = limiter.wait_for("k")
    assert {limiter.wait_for("k") for _ in range(1000)} == {wait}


def test_keys_have_separate_rates() -> None:
    """The burst of one key leaves another key its own."""
    limiter = RateLimiter(1, Clock())
    assert admitted(limiter, "a") == 2
    assert admitted(limiter, "b") == 2


def test_rate_0_admits_all() -> None:
    """The rate limit stores no key."""
    limiter = RateLimiter(0, Clock())
    assert admitted(limiter, tries=5000) == 5000
    # Private: only the table itself shows its size.
    assert not limiter._free_at


def test_the_number_of_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least recently used key is forgotten."""
    monkeypatch.setattr(rate, "MAX_KEYS", 3)
    limiter = RateLimiter(1, Clock())
    for key in ("a", "b", "c", "a", "d"):
        limiter.wait_for(key)
    # Private, as above.
    assert list(limiter._free_at) == ["c", "a", "d"]
