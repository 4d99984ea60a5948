"""Whose sockets are served when, under eventlet's hub."""

import select
import time
from collections import deque
from collections.abc import Callable
from typing import Any

#: Clients whose sockets are served in one turn of the hub. Each costs up to 0.5 ms, a turn itself
#: 0.05 ms, and whoever waits for the database waits a turn for each of its answers.
CLIENTS_A_TURN = 32

#: The same while more wait than there is room for.
CROWD_A_TURN = 2

#: Clients that are refused in one turn, at 0.02 ms each.
REFUSED_A_TURN = 64

#: Turns between looks at who is ready, and clients that a look finds at most.
LOOK_EVERY = 8
MOST = 1_024

#: Seconds for which more may wait than there is room for: a burst is no overload.
BURST = 0.05


class Polls:
    """Two epolls behind the interface of one: the service's own sockets, and its clients'.

    The hub would serve all that is ready, up to 1,023 sockets, before it looks at the database's
    answer again; so a crowd of clients would stop the work that they wait for. Here each turn
    serves what the service itself waits for, and of the clients a few, who have waited longest.

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
        self._line: deque[tuple[int, int]] = deque()
        self._away: deque[tuple[int, int]] = deque()
        self._turns = 0
        self._crowded_since: float | None = None
        #: How many clients may wait to be served.
        self.room: Callable[[], int] = lambda: MOST
        #: Answers a client's request with a refusal, if it can and should: when told that the
        #: client is turned away, or when nothing is taken now.
        self.refuse: Callable[[int, bool], bool] = lambda _fileno, _away: False

    def add_client(self, fileno: int) -> None:
        """Count this descriptor among the clients' until `remove_client`; before a wait for it."""
        self._clients.add(fileno)

    def remove_client(self, fileno: int) -> None:
        """It was closed."""
        self._clients.discard(fileno)

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
        return own

    def _some_clients(self) -> list[tuple[int, int]]:
        self._turns += 1
        if self._turns >= LOOK_EVERY or not self._line:
            self._look()
        away = [self._away.popleft() for _ in range(min(REFUSED_A_TURN, len(self._away)))]
        served = [each for each in away if not self.refuse(each[0], True)]
        few = CLIENTS_A_TURN if self._crowded_since is None else CROWD_A_TURN
        for _ in range(min(REFUSED_A_TURN, len(self._line))):
            each = self._line.popleft()
            if not self.refuse(each[0], False):
                served.append(each)
                if len(served) >= few:
                    break
        return served

    def _look(self) -> None:
        # Those that were not served since the last look come before all that are new.
        waiting = self._crowd.poll(0, MOST)
        self._turns = 0
        room = max(self.room(), CROWD_A_TURN)
        if len(waiting) <= room:
            self._crowded_since = None
        elif self._crowded_since is None:
            self._crowded_since = time.monotonic()
        if self._crowded_since is None or time.monotonic() - self._crowded_since < BURST:
            room = MOST
        self._line = deque(waiting[:room])
        self._away = deque(waiting[room:])

    def _of(self, fileno: int) -> Any:
        return self._crowd if fileno in self._clients else self._own
