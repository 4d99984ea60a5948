"""Slots: each request in flight holds one, up to SPLITFLAP_MAX_IN_FLIGHT.

One account never takes all slots: the last quarter is for accounts with few requests in flight.
Requests without a known key count as one account, so that strangers take no room of customers.

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


#: The reserve: the part of the slots for accounts with few requests in flight.
RESERVED = 1 / 4

#: An account with at most this part in flight may use the reserve.
RESERVED_PER_ACCOUNT = 1 / 16

#: The account of all requests without a known key. No key has it.
STRANGERS = ""


class Slots:
    """Counts the requests in flight, by account."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._reserved = int(total * RESERVED)
        #: Requests of one account that may use the reserve.
        self.reserve_per_account = max(1, int(total * RESERVED_PER_ACCOUNT))
        self.taken = 0
        self._by_account: dict[str, int] = {}

    @property
    def free(self) -> int:
        """How many more requests may be in flight."""
        return self._total - self.taken

    @property
    def free_for_any(self) -> int:
        """How many more requests of any one account may be in flight."""
        return max(self.free - self._reserved, 0)

    def free_for(self, account: str) -> int:
        """How many more requests of the account may be in flight."""
        of_reserve = self.reserve_per_account - self._by_account.get(account, 0)
        return max(self.free_for_any, min(of_reserve, self.free))

    def take(self, account: str) -> None:
        """Take a slot, even if none is free."""
        self.taken += 1
        self._by_account[account] = self._by_account.get(account, 0) + 1

    def give_back(self, account: str) -> None:
        """Give a slot back."""
        self.taken -= 1
        self._by_account[account] -= 1
        if not self._by_account[account]:
            del self._by_account[account]


class Slot:
    """The slot of one request, taken at construction."""

    __slots__ = ("_account", "_on_full", "_slots", "held")

    def __init__(self, slots: Slots, account: str, on_full: Callable[[], None]) -> None:
        """`on_full` is called when `retake` finds no free slot."""
        self._slots = slots
        self._account = account
        self._on_full = on_full
        self.held = False
        self._take()

    def release(self) -> None:
        """Give the slot back. A second call has no effect."""
        if self.held:
            self.held = False
            self._slots.give_back(self._account)

    def retake(self, *, beyond_total: bool) -> bool:
        """Take a slot again; False if the account may take none, unless `beyond_total`."""
        if self._slots.free_for(self._account) <= 0 and not beyond_total:
            self._on_full()
            return False
        self._take()
        return True

    def _take(self) -> None:
        self.held = True
        self._slots.take(self._account)


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
