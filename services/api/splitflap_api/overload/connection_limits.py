"""Bounds the connections of one key, and those of all clients without a key.

A connection belongs to the key of its last authenticated request. A key may have so many requests
in progress, event streams and waits among them, and as many idle connections. A connection without
an authenticated request is anonymous. Beyond the limit of silent anonymous connections, the address
with the most of them loses its oldest. One address may be a proxy with many clients, so an address
has no limit of its own.

A silent stream notices the end of its client by its second comment, up to 30 s later, and a wait at
its own end. So a key at its limit loses the waiting requests whose clients have left. A client that
closes only its sending side looks the same. It also ends then, as behind most proxies: a stream as
at a stop, a wait with its 202.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

from splitflap_api.contract.problems import Problem

#: Key in the WSGI environment for the request's connection.
CONNECTION = "splitflap.connection"

#: Seconds until a client with too many requests in progress should try again. Clients that leave
#: meanwhile are found then. The end of the others is unknown.
RETRY_AFTER = 2

#: Connections of a key at its limit that one request looks at: 0.1 ms.
LOOKS = 64


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
        #: Waiting requests of clients that have left. Their threads notice it within a second.
        self.leaving = _Table()

    def open(
        self, address: str, hang_up: Callable[[], None], has_left: Callable[[], bool]
    ) -> "HeldConnection":
        """Count a new connection.

        `hang_up` ends it while it is silent. `has_left` tells whether its client has closed it.
        """
        connection = HeldConnection(self, address, hang_up, has_left)
        connection.note_silent()
        return connection

    def make_room(self, key: str) -> bool:
        """Count out waiting requests of the key whose clients have left. Return whether any has.

        A key may have thousands of connections, so each call looks at the next few. The leaving
        ones have the same limit: a client may open and close streams all the time.
        """
        if self.leaving.count(key) >= self.per_key:
            return False
        left = [each for each in self.requests.next_of(key, LOOKS) if each.has_left_a_wait()]
        for each in left:
            each.note_left(key)
        return bool(left)

    def end_excess(self) -> None:
        """Hang up a silent anonymous connection, if there are too many."""
        if self.silent.size > self._most_silent:
            self.silent.oldest_of_largest().end()
            self.on_excess("anonymous")


class HeldConnection:
    """One open connection. For each request the server calls `begin`, then `answered`."""

    __slots__ = (
        "_address",
        "_ended",
        "_hang_up",
        "_has_left",
        "_key",
        "_limits",
        "_place",
        "_waits",
    )

    def __init__(
        self,
        limits: ConnectionLimits,
        address: str,
        hang_up: Callable[[], None],
        has_left: Callable[[], bool],
    ) -> None:
        self._limits = limits
        self._address = address
        self._key: str | None = None
        self._place: tuple[_Table, str] | None = None
        self._hang_up = hang_up
        self._has_left = has_left
        self._waits = False
        self._ended = False

    def begin(self) -> None:
        """The head of a request was read."""
        self._waits = False
        if self._key is None:
            self.leave()

    def authenticate(self, key: str) -> None:
        """The request has this valid key.

        Raises:
            Problem: too-many-in-progress.
        """
        limits = self._limits
        if limits.requests.count(key) >= limits.per_key and not limits.make_room(key):
            limits.on_excess("in_progress")
            detail = (
                f"the key has {limits.per_key} requests in progress, streams and waits included"
            )
            raise Problem("too-many-in-progress", detail, headers={"Retry-After": str(RETRY_AFTER)})
        self._key = key
        self._enter(limits.requests, key)

    def begin_wait(self) -> None:
        """The request only waits from now on: for events, or for the end of its task."""
        self._waits = True

    def has_left_a_wait(self) -> bool:
        """Whether the client has closed the connection of a waiting request."""
        return self._waits and self._has_left()

    def note_left(self, key: str) -> None:
        """The client has left. The loops of waiting requests learn it by `ended`."""
        self._ended = True
        self._enter(self._limits.leaving, key)

    def ended(self) -> bool:
        """Whether the connection serves no more requests."""
        return self._ended

    def answered(self, *, stays: bool) -> bool:
        """The response is about to begin. Return whether the connection stays open after it.

        Without `stays` it ends with the response, which may be an event stream.
        """
        if self._ended:
            # A request had arrived before, or the client has left.
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
    """Connections by a key or an address; those of one name in the order of their entry.

    `next_of` moves the first ones to the end of this order.
    """

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

    def next_of(self, name: str, count: int) -> list[HeldConnection]:
        """The first connections of a name. They become its last ones."""
        of_name = self._by_name.get(name, {})
        found = list(islice(of_name, count))
        for each in found:
            del of_name[each]
            of_name[each] = None
        return found

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


def begin_wait(environ: dict[str, Any]) -> Callable[[], bool]:
    """The request only waits from now on. The result tells whether its client has left."""
    connection = environ.get(CONNECTION)
    if not isinstance(connection, HeldConnection):
        return stays
    connection.begin_wait()
    return connection.ended


def stays() -> bool:
    """Another server looks at no connection."""
    return False
