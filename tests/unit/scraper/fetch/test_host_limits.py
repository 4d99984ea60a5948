"""The limits of one host, on a simulated clock."""

import threading
from types import SimpleNamespace

import pytest
from splitflap_core.settings import load
from splitflap_scraper.fetch.errors import Transient
from splitflap_scraper.fetch.politeness import host_limits
from splitflap_scraper.fetch.politeness.host_limits import MAX_AFTER, HostLimits
from splitflap_scraper.process.settings import ScraperSettings


class Clock:
    """A clock that moves only in `sleep`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        # The module's own: other tests' threads may still sleep by the library's.
        monkeypatch.setattr(host_limits, "time", SimpleNamespace(sleep=self.sleep))

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the limits."""
    return Clock(monkeypatch)


def asked(limits: HostLimits, clock: Clock, host: str = "a.test") -> float:
    """Take a slot, and return the time at which the request starts."""
    with limits.slot(host):
        return clock.now - 1000


def sent_back(limits: HostLimits, host: str = "a.test") -> float:
    """Return the delay of a refused request."""
    with pytest.raises(Transient) as error, limits.slot(host):
        pass
    assert error.value.reason == "busy"
    assert error.value.after is not None
    return error.value.after


def test_requests_are_spaced_at_the_rate(clock: Clock) -> None:
    """A burst comes first, and another host does not wait."""
    limits = HostLimits(10, 2, 3, clock)
    assert [asked(limits, clock) for _ in range(5)] == [0, 0, 0, 0.5, 1]
    assert asked(limits, clock, "b.test") == 1


def test_burst_and_rate_hold_over_a_long_time(clock: Clock) -> None:
    """The number of tries makes no difference."""
    limits, let_through = HostLimits(10, 2, 3, clock), 0
    while clock.now < 1100:
        try:
            asked(limits, clock)
            let_through += 1
        except Transient:
            clock.now += 0.1
    assert 195 <= let_through <= 3 + 2 * 101


def test_each_refused_request_gets_its_own_delay(clock: Clock) -> None:
    """The delays have the host's rate, and are a minute at most."""
    limits = HostLimits(10, 0.5, 1, clock)
    asked(limits, clock)
    promised = [sent_back(limits) for _ in range(100)]
    assert promised[:3] == [4, 6, 8]
    assert max(promised) <= MAX_AFTER
    assert len(set(promised)) > 90


def test_a_pause_stops_all_requests_to_a_host(clock: Clock) -> None:
    """The pause is a minute at most."""
    limits = HostLimits(10, 10, 3, clock)
    limits.pause("a.test", 30)
    assert 30 <= sent_back(limits) <= 31
    clock.now += 30.5
    asked(limits, clock)
    limits.pause("a.test", 10_000)
    clock.now += 60.5
    asked(limits, clock)


def test_the_concurrency_of_a_host_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A freed slot is used again."""
    monkeypatch.setattr(host_limits, "MAX_WAIT", 0.05)
    limits = HostLimits(2, 100, 100)
    with limits.slot("a.test"), limits.slot("a.test"):
        assert sent_back(limits) > 0
        with limits.slot("b.test"):
            pass
    with limits.slot("a.test"):
        pass


def test_a_waiting_request_starts_when_a_slot_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request does not wait until its timeout."""
    monkeypatch.setattr(host_limits, "MAX_WAIT", 600)
    limits = HostLimits(1, 100, 100)

    def ask() -> None:
        with limits.slot("a.test"):
            pass

    with limits.slot("a.test"):
        waiting = threading.Thread(target=ask, daemon=True)
        waiting.start()
        while not limits.waiting("a.test"):
            threading.Event().wait(0.005)
    waiting.join(30)
    assert not waiting.is_alive()


def test_a_failed_request_frees_its_slot(clock: Clock) -> None:
    """The next request starts at once."""
    limits = HostLimits(1, 100, 100, clock)
    for _ in range(3):
        with pytest.raises(ValueError, match="x"), limits.slot("a.test"):
            raise ValueError("x")
    asked(limits, clock)


def test_idle_hosts_are_forgotten(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory depends on recent requests only."""
    monkeypatch.setattr(host_limits, "SWEEP", 10)
    limits = HostLimits(1, 1, 1, clock)
    for number in range(2000):
        clock.now += 1
        asked(limits, clock, f"{number}.test")
    assert len(limits) < 20


def share(**settings: str) -> HostLimits:
    """Return the limits of some settings."""
    environ = {f"SPLITFLAP_{name.upper()}": value for name, value in settings.items()}
    return load(ScraperSettings, environ).host_limits()


def test_replicas_share_the_limits(clock: Clock) -> None:
    """All replicas together have the limits of a single scraper."""
    for replicas in (1, 2, 5, 10):
        limits = share(scraper_replicas=str(replicas), scrape_host_rate="10")
        assert limits.interval == pytest.approx(replicas / 10)
        assert limits.concurrency == 10 // replicas
    assert share(scraper_replicas="50").concurrency == 1


def test_many_threads_never_exceed_the_concurrency() -> None:
    """All threads start at once."""
    limits, now, most, lock = HostLimits(3, 10_000, 1000), 0, 0, threading.Lock()

    def ask() -> None:
        nonlocal now, most
        with limits.slot("a.test"):
            with lock:
                now += 1
                most = max(most, now)
            threading.Event().wait(0.005)
            with lock:
                now -= 1

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3
