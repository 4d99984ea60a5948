"""Merges simultaneous calls for the same key into one call."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from splitflap_scraper.fetch.errors import FetchError, Transient

T = TypeVar("T")


class _Call(Generic[T]):
    def __init__(self) -> None:
        self.done = threading.Event()
        self.result: T | None = None
        self.error: FetchError | None = None
        self.succeeded = False


class SingleFlight(Generic[T]):
    """Callers that arrive during a call share its result. Safe to use from many threads."""

    def __init__(self, unshared: frozenset[str] = frozenset()) -> None:
        """Errors with an `unshared` reason reach the first caller only."""
        self._unshared = unshared
        self._calls: dict[Hashable, _Call[T]] = {}

    def run(self, key: Hashable, make: Callable[[], T], timeout: float) -> T:
        """Return the result of `make`, called by the first caller of the key.

        The next caller calls `make` again if the first call ended with an unshared reason, with a
        bug, or because its thread was stopped. `timeout` (seconds) bounds the wait for the first
        caller.

        Raises:
            FetchError: as `make`; `timeout`, after the wait.
        """
        own: _Call[T] = _Call()
        while (call := self._calls.setdefault(key, own)) is not own:
            if not call.done.wait(timeout):
                raise Transient("timeout", "an earlier, equal request is still in flight")
            if call.error is not None:
                raise call.error
            if call.succeeded:
                return call.result  # type: ignore[return-value]  # None may be a T
        return self._run_first(key, own, make)

    def _run_first(self, key: Hashable, call: _Call[T], make: Callable[[], T]) -> T:
        try:
            call.result = result = make()
            call.succeeded = True
        except FetchError as error:
            if error.reason not in self._unshared:
                call.error = error
            raise
        else:
            return result
        finally:
            del self._calls[key]
            call.done.set()
