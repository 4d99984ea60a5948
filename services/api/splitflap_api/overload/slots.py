"""Slots: each request in flight holds one, up to SPLITFLAP_MAX_IN_FLIGHT.

A waiting request gives its slot back (http/waiting.py): an event stream and a `Prefer: wait` for
good, a request with an incomplete body until the body is complete.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from splitflap_api.contract.problems import unavailable

TOO_MANY = "too many requests are in flight"

#: Key in the WSGI environment for the request's slot.
SLOT = "splitflap.slot"


class Slots:
    """Counts the requests in flight."""

    def __init__(self, total: int) -> None:
        self._total = total
        self.taken = 0

    @property
    def free(self) -> int:
        """How many more requests may be in flight."""
        return self._total - self.taken


class Slot:
    """The slot of one request, taken at construction."""

    __slots__ = ("_on_full", "_slots", "held")

    def __init__(self, slots: Slots, on_full: Callable[[], None]) -> None:
        """`on_full` is called when `retake` finds no free slot."""
        self._slots = slots
        self._on_full = on_full
        self.held = False
        self._take()

    def release(self) -> None:
        """Give the slot back. A second call has no effect."""
        if self.held:
            self.held = False
            self._slots.taken -= 1

    def retake(self, *, beyond_total: bool) -> bool:
        """Take a slot again; False if all are taken, unless it may be one `beyond_total`."""
        if self._slots.free <= 0 and not beyond_total:
            self._on_full()
            return False
        self._take()
        return True

    def _take(self) -> None:
        self.held = True
        self._slots.taken += 1


@contextmanager
def lent_slot(environ: dict[str, Any], *, has_response: bool) -> Iterator[None]:
    """Give the request's slot back within the block, while its body arrives.

    A request with a response takes a slot again even if none is free.

    Raises:
        Problem: unavailable, if all slots are taken at the end of the block.
    """
    slot = environ.get(SLOT)
    held = slot if isinstance(slot, Slot) and slot.held else None
    if held:
        held.release()
    yield
    if held and not held.retake(beyond_total=has_response):
        raise unavailable(TOO_MANY)
