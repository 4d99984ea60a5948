"""Simultaneous calls for one thing become one call."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from splitflap_scraper.fetch.errors import FetchError, Transient

T = TypeVar("T")


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.landed = threading.Event()
        self.result: T | None = None
        self.error: FetchError | None = None
        self.is_good = False


class Flights(Generic[T]):
    """Who comes while another is under way waits for what he brings."""

    def __init__(self, own: frozenset[str] = frozenset()) -> None:
        """`own` are the reasons for which a failure is the first caller's alone."""
        self._own = own
        self._under_way: dict[Hashable, _Flight[T]] = {}

    def run(self, key: Hashable, make: Callable[[], T], timeout: float) -> T:
        """What `make` returns, or raises, for whoever called first.

        One that ended otherwise, for an own reason or because its caller was stopped, says nothing
        to the others: the next of them makes it.

        Raises:
            FetchError: as `make`; `timeout`, after waiting so long (seconds) for another.
        """
        own: _Flight[T] = _Flight()
        while (flight := self._under_way.setdefault(key, own)) is not own:
            if not flight.landed.wait(timeout):
                raise Transient("timeout", "another request for the same is still under way")
            if flight.error is not None:
                raise flight.error
            if flight.is_good:
                return flight.result  # type: ignore[return-value]  # None may be a T
        return self._fly(key, own, make)

    def _fly(self, key: Hashable, flight: _Flight[T], make: Callable[[], T]) -> T:
        try:
            flight.result = result = make()
            flight.is_good = True
        except FetchError as error:
            if error.reason not in self._own:
                flight.error = error
            raise
        else:
            return result
        finally:
            del self._under_way[key]
            flight.landed.set()
