"""A place among the requests that are answered at a time.

Who only waits gives it back: event streams and waits that the client asked for, for good; a body
that is still on its way, until it is there. Those hold a connection and nothing else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import request

from splitflap_api.contract.problems import unavailable

#: Where a request's slot is, in its WSGI environment.
SLOT = "splitflap.slot"

TOO_MANY = "too many requests are being answered"


class Slot:
    """Taken when it is made."""

    __slots__ = ("_count", "_full", "held")

    def __init__(self, count: Callable[[int], None], full: Callable[[], bool]) -> None:
        """`count` adds to those that are taken; `full` says whether there is none left."""
        self._count = count
        self._full = full
        self.held = False
        self._take()

    def release(self) -> None:
        """Give it back; again does nothing."""
        if self.held:
            self.held = False
            self._count(-1)

    def retake(self) -> bool:
        """Take it again, if there is one left."""
        if self._full():
            return False
        self._take()
        return True

    def _take(self) -> None:
        self.held = True
        self._count(1)


def release_slot() -> None:
    """The present request will only wait from now on."""
    slot = request.environ.get(SLOT)
    if isinstance(slot, Slot):
        slot.release()


@contextmanager
def slot_lent() -> Iterator[None]:
    """The present request waits for its body in this block.

    Raises:
        Problem: unavailable, where all slots are taken at the end.
    """
    slot: Slot | None = request.environ.get(SLOT)
    lent = slot if slot and slot.held else None
    if lent:
        lent.release()
    yield
    if lent and not lent.retake():
        raise unavailable(TOO_MANY)
