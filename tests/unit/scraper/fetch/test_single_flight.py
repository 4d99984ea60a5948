"""Merging of simultaneous calls."""

import threading
from collections.abc import Callable

import pytest
from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.single_flight import SingleFlight

from tests.support import wait_until


class Calls:
    """Calls from many threads. The first one waits for `go`."""

    def __init__(self, make: Callable[[int], str]) -> None:
        self.flights: SingleFlight[str] = SingleFlight(frozenset({"timeout"}))
        self.make = make
        self.made = 0
        self.go = threading.Event()
        self.results: list[str] = []

    def one(self) -> str:
        """Call `make` with the number of this call."""
        self.made += 1
        number = self.made
        assert self.go.wait(10)
        return self.make(number)

    def run(self) -> None:
        """Make one call, and note its result."""
        try:
            self.results.append(self.flights.run("key", self.one, 10))
        except FetchError as error:
            self.results.append(error.reason)
        except ZeroDivisionError:
            self.results.append("bug")

    def all(self, count: int = 10) -> list[str]:
        """Make many calls at once."""
        threads = [threading.Thread(target=self.run) for _ in range(count)]
        for thread in threads:
            thread.start()
        wait_until(lambda: self.made == 1)
        self.go.set()
        for thread in threads:
            thread.join()
        return sorted(self.results)


def test_simultaneous_calls_share_the_first_result() -> None:
    """A later call computes its own result."""
    calls = Calls(lambda number: f"result {number}")
    assert set(calls.all()) == {"result 1"}
    assert calls.one() == "result 2"


def test_a_failure_is_shared() -> None:
    """All callers get the error."""

    def fail(_number: int) -> str:
        raise FetchError("tls")

    calls = Calls(fail)
    assert set(calls.all()) == {"tls"}
    assert calls.made < 10


@pytest.mark.parametrize("error", [Transient("timeout"), ZeroDivisionError()])
def test_a_timeout_or_a_bug_is_not_shared(error: Exception) -> None:
    """The next caller tries again."""

    def first_fails(number: int) -> str:
        if number == 1:
            raise error
        return "good"

    results = Calls(first_fails).all()
    assert results.count("good") == 9


def test_a_wait_ends_at_its_timeout() -> None:
    """The first call goes on."""
    flights: SingleFlight[str] = SingleFlight()
    go = threading.Event()

    def slow() -> str:
        go.wait(10)
        return "late"

    thread = threading.Thread(target=lambda: flights.run("key", slow, 10))
    thread.start()
    wait_until(lambda: len(flights._calls) == 1)
    with pytest.raises(Transient) as error:
        flights.run("key", slow, 0.05)
    assert error.value.reason == "timeout"
    go.set()
    thread.join()
    assert not flights._calls
