"""Bounds the connections of one key, and those of all clients without a key.

A connection belongs to the key of its last authenticated request. A key may have so many requests
in progress, event streams and waits among them, and as many idle connections. A connection without
an authenticated request is anonymous. Beyond the limit of silent anonymous connections, the address
with the most of them loses its oldest. One address may be a proxy with many clients, so an address
has no limit of its own.
"""

from collections.abc import Callable
from typing import Any

from splitflap_api.contract.problems import Problem

#: Key in the WSGI environment for the request's connection.
CONNECTION = "splitflap.connection"

#: Seconds until a client with too many requests in progress should try again. The API notices the
#: end of a silent stream's client at the next comment (loops/long_requests/feed.py, HEARTBEAT).
RETRY_AFTER = 15


class ConnectionLimits:
    """The open connections, and their limits."""

    def __init__(
        self, per_key: int, anonymous: int, on_excess: Callable[[str], None] = lambda _why: None
    ) -> None:
        """`on_excess` is called with the reason of each refusal and of each early close."""
        self.per_key = per_key
        self.on_excess = on_excess
        self._most_silent = anonymous
        self.requests = _Table()
        self.idle = _Table()
        self.silent = _Table()

    def open(self, address: str, hang_up: Callable[[], None]) -> "HeldConnection":
        """Count a new connection. `hang_up` ends it while it is silent."""
        connection = HeldConnection(self, address, hang_up)
        connection.note_silent()
        return connection

    def end_excess(self) -> None:
        """Hang up a silent anonymous connection, if there are too many."""
        if self.silent.size > self._most_silent:
            self.silent.oldest_of_largest().end()
            self.on_excess("anonymous")


class HeldConnection:
    """One open connection. For each request the server calls `begin`, then `answered`."""

    __slots__ = ("_address", "_ended", "_hang_up", "_key", "_limits", "_place")

    def __init__(self, limits: ConnectionLimits, address: str, hang_up: Callable[[], None]) -> None:
        self._limits = limits
        self._address = address
        self._key: str | None = None
        self._place: tuple[_Table, str] | None = None
        self._hang_up = hang_up
        self._ended = False

    def begin(self) -> None:
        """The head of a request was read."""
        if self._key is None:
            self.leave()

    def authenticate(self, key: str) -> None:
        """The request has this valid key.

        Raises:
            Problem: too-many-in-progress.
        """
        limits = self._limits
        if limits.requests.count(key) >= limits.per_key:
            limits.on_excess("in_progress")
            detail = (
                f"the key has {limits.per_key} requests in progress, streams and waits included"
            )
            raise Problem("too-many-in-progress", detail, headers={"Retry-After": str(RETRY_AFTER)})
        self._key = key
        self._enter(limits.requests, key)

    def answered(self, *, stays: bool) -> bool:
        """The response is about to begin. Return whether the connection stays open after it.

        Without `stays` it ends with the response, which may be an event stream.
        """
        if self._ended:
            # A request had arrived before.
            return False
        if self._key is None:
            self.note_silent()
        elif stays and self._place == (self._limits.requests, self._key):
            if self._limits.idle.count(self._key) >= self._limits.per_key:
                self._limits.on_excess("idle")
                return False
            self._enter(self._limits.idle, self._key)
        return stays

    def note_silent(self) -> None:
        """The connection is anonymous, and has no request in progress."""
        self._enter(self._limits.silent, self._address)
        self._limits.end_excess()

    def end(self) -> None:
        """End a silent connection."""
        self._ended = True
        self.leave()
        self._hang_up()

    def leave(self) -> None:
        """Count the connection nowhere. The server calls this at its end."""
        if self._place:
            table, name = self._place
            table.remove(name, self)
            self._place = None

    def _enter(self, table: "_Table", name: str) -> None:
        self.leave()
        table.add(name, self)
        self._place = table, name


class _Table:
    """Connections by a key or an address; those of one name in the order of their entry."""

    def __init__(self) -> None:
        self.size = 0
        self._by_name: dict[str, dict[HeldConnection, None]] = {}

    def count(self, name: str) -> int:
        return len(self._by_name.get(name, ()))

    def add(self, name: str, connection: HeldConnection) -> None:
        self._by_name.setdefault(name, {})[connection] = None
        self.size += 1

    def remove(self, name: str, connection: HeldConnection) -> None:
        of_name = self._by_name[name]
        del of_name[connection]
        self.size -= 1
        if not of_name:
            del self._by_name[name]

    def oldest_of_largest(self) -> HeldConnection:
        largest = max(self._by_name, key=self.count)
        return next(iter(self._by_name[largest]))


def authenticate(environ: dict[str, Any], key: str) -> None:
    """Count the request's connection for its key.

    Raises:
        Problem: too-many-in-progress.
    """
    connection = environ.get(CONNECTION)
    if isinstance(connection, HeldConnection):
        connection.authenticate(key)
