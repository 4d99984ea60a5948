"""Ends the long requests of revoked keys and ended sessions, with two statements for all of them.

The scopes of a key do not change. A key has no expiry, a session has.
"""

from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from typing import Protocol

from splitflap_api.loops.loop import Duty, Loop

#: Seconds between looks at the keys. The long requests of a revoked key end after this time and one
#: statement, within the 5 s that the documentation promises.
KEYS_EVERY = 2.0


class LongRequests(Protocol):
    """Some open requests, each with the id of its key, or of its session."""

    def key_ids(self) -> set[str]:
        """The keys and sessions of all of them."""

    def end_of(self, key_ids: AbstractSet[str]) -> None:
        """End the requests with these keys and sessions."""


class KeyWatch(Loop):
    """Compares the keys of long requests with the database."""

    def __init__(
        self, valid: Callable[[Collection[str]], AbstractSet[str]], *watched: LongRequests
    ) -> None:
        """`valid` gives those of some keys and sessions, by id, that have not ended."""
        super().__init__(
            "key-watch", Duty("end requests of revoked keys", self._check), pause=lambda: KEYS_EVERY
        )
        self._valid = valid
        self._watched = watched

    def _check(self) -> None:
        key_ids = set().union(*(each.key_ids() for each in self._watched))
        revoked = key_ids - self._valid(key_ids) if key_ids else set()
        if revoked:
            for each in self._watched:
                each.end_of(revoked)
