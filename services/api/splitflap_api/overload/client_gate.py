"""Whose sockets are served when, under eventlet's hub."""

import select
import time
from collections.abc import Callable, Sequence
from typing import Any

#: Clients whose sockets are served in one turn of the hub. Each costs up to 0.5 ms, a turn itself
#: 0.05 ms, and whoever waits for the database waits a turn for each of its answers.
CLIENTS_A_TURN = 3

#: Clients with a look that are served in one turn, beside the others.
LOOKS_A_TURN = 4

#: Clients served in a turn while more wait than there is room for, and a turn is as long as it
#: takes to refuse them: with more they are accepted faster than they are finished, with fewer the
#: commits are small (docs/adr/0010).
CROWD_A_TURN = 6

#: Clients that are turned away in one turn and cannot be refused unread.
AWAY_A_TURN = 32

#: Clients that are refused in one turn, at 0.02 ms each.
REFUSED_A_TURN = 256

#: Clients that are looked at in one turn.
MOST = 1_024

#: Seconds for which more may wait than there is room for: a burst is no overload.
BURST = 0.05


class ClientGate:
    """Two epolls behind the interface of one: the service's own sockets, and its clients'.

    The hub would serve all that is ready, up to 1,023 sockets, before it looks at the database's
    answer again; so a crowd of clients would stop the work that they wait for. Here each turn
    serves what the service itself waits for, and of the clients a few, in turn. Who only looks at
    something does not wait behind those who bring work: it is done soon, and needs no commit.

    Where there are, for longer than a burst, more than can be served soon, the last of them are
    turned away: nobody else would see them wait, for a request that is not read is in no count.
    Who is refused is answered here, and no green thread runs for it.
    """

    def __init__(self, epoll: Callable[[], Any]) -> None:
        """`epoll` is the system's own, and not eventlet's."""
        self._own = epoll()
        self._crowd = epoll()
        # An epoll is itself ready as long as one of its own is (epoll(7)).
        self._own.register(self._crowd, select.EPOLLIN)
        self._clients: set[int] = set()
        #: Whether who waits has a look, so that each is asked once.
        self._looks: dict[int, bool] = {}
        self._crowded_since: float | None = None
        #: How many clients may wait to be served.
        self.room: Callable[[], int] = lambda: MOST
        #: Answers a client's request with a refusal, if it can and should: when told that the
        #: client is turned away, or when nothing is taken now.
        self.refuse: Callable[[int, bool], bool] = lambda _fileno, _away: False
        #: Whether what a client asks for, and nobody has read yet, is a look.
        self.is_look: Callable[[int], bool] = lambda _fileno: False

    def add_client(self, fileno: int) -> None:
        """Count this descriptor among the clients' until `remove_client`; before a wait for it."""
        self._clients.add(fileno)

    def remove_client(self, fileno: int) -> None:
        """It was closed."""
        self._clients.discard(fileno)
        self._looks.pop(fileno, None)

    def register(self, fileno: int, mask: int) -> None:
        self._of(fileno).register(fileno, mask)

    def modify(self, fileno: int, mask: int) -> None:
        self._of(fileno).modify(fileno, mask)

    def unregister(self, fileno: int) -> None:
        self._of(fileno).unregister(fileno)

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        ready: list[tuple[int, int]] = self._own.poll(seconds)
        crowd = self._crowd.fileno()
        own = [each for each in ready if each[0] != crowd]
        if len(own) < len(ready):
            own += self._some_clients()
        else:
            self._crowded_since = None
        return own

    def _some_clients(self) -> list[tuple[int, int]]:
        # The kernel tells of them in turn: who was told of and not served comes behind the others.
        waiting = self._crowd.poll(0, MOST)
        room = max(self.room(), CROWD_A_TURN)
        if len(waiting) <= room:
            self._crowded_since = None
            return self._looks_first(waiting)
        now = time.monotonic()
        if self._crowded_since is None:
            self._crowded_since = now
        if now - self._crowded_since < BURST:
            return self._unrefused(waiting, CROWD_A_TURN, away=False)
        served = self._unrefused(waiting[:room], CROWD_A_TURN, away=False)
        return served + self._unrefused(waiting[room:], AWAY_A_TURN, away=True)

    def _looks_first(self, waiting: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        looks: list[tuple[int, int]] = []
        others: list[tuple[int, int]] = []
        for each in waiting:
            if (look := self._looks.get(each[0])) is None:
                look = self._looks[each[0]] = self.is_look(each[0])
            (looks if look else others).append(each)
        served = self._unrefused(looks, LOOKS_A_TURN, away=False)
        return served + self._unrefused(others, CLIENTS_A_TURN, away=False)

    def _unrefused(
        self, ready: Sequence[tuple[int, int]], most: int, *, away: bool
    ) -> list[tuple[int, int]]:
        """Those of the first who are not refused here, but served; `most` of them."""
        served: list[tuple[int, int]] = []
        for each in ready[:REFUSED_A_TURN]:
            self._looks.pop(each[0], None)
            if not self.refuse(each[0], away):
                served.append(each)
                if len(served) == most:
                    break
        return served

    def _of(self, fileno: int) -> Any:
        return self._crowd if fileno in self._clients else self._own
