"""Decides which ready sockets the hub serves in one iteration, so that clients share it fairly.

eventlet's hub serves every ready socket, up to 1,023, before it polls again. A thousand ready
clients would delay each answer of the database by all of their requests. The gate therefore keeps
two epolls behind the interface of one (docs/adr/0010):

- the service's own sockets (database, broker, health): all ready ones are served;
- the clients' sockets: a few ready ones are served. epoll is round-robin, so ready clients that
  were not served go to the back.

Clients whose next request is a read (GET) are served beside those with work: a read needs no
commit. While more clients are ready than there are free slots for longer than BURST, the gate sheds
ready clients. Their unread requests would appear in no metric and no limit.

The gate then serves the accounts in turn: first one client of each, then a second one. An account
with many ready clients loses those beyond its slots, the newest first. A few clients of an account
may wait for a slot up to PATIENCE. So the flood of one account costs another one no request.
"""

import select
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

#: Clients served in one iteration. A client costs up to 0.5 ms, an iteration itself 0.05 ms, and
#: each answer of the database waits for one iteration.
MAX_SERVED = 3

#: Clients with a read served in one iteration, beside the others.
MAX_READS = 4

#: Clients served in one iteration while overloaded. Its refusals make an iteration longer. More
#: clients make the API accept faster than it finishes; fewer make its commits small.
MAX_SERVED_OVERLOADED = 6

#: Clients shed in one iteration by the application, because the hub could not refuse them.
MAX_SHED = 32

#: Clients refused by the hub in one iteration, at 0.02 ms each.
MAX_REFUSED = 256

#: Clients polled in one iteration.
MAX_POLLED = 1_024

#: Seconds. A shorter excess of ready clients over free slots is no overload.
BURST = 0.05

#: Seconds that a few clients of an account wait for a slot while overloaded.
PATIENCE = 0.5

#: File descriptors with their events, as epoll gives them.
Ready = Sequence[tuple[int, int]]


class ClientRequests(Protocol):
    """The next requests of the clients, still unread. The gate calls these methods in the hub."""

    def free_slots_for_any(self) -> int:
        """How many more requests of any one account may be in flight."""

    def free_slots_for(self, account: str) -> int:
        """How many more requests of the account may be in flight."""

    def reserve_per_account(self) -> int:
        """How many requests of one account may use the reserve of slots."""

    def is_read(self, fileno: int) -> bool:
        """Whether the client's next request is a read. Called once for each request."""

    def account(self, fileno: int) -> str:
        """The account of the client's next request, as far as it is known.

        Called once for each request while overloaded. Requests without a known key have one
        account, STRANGERS.
        """

    def refuse(self, fileno: int, *, overloaded: bool) -> bool:
        """Refuse the client's next request unread, if possible. Return whether it was refused.

        `overloaded`: the gate sheds this client. Otherwise it is refused only if the service
        takes no work now, or no work of its account.
        """


class NoClients:
    """The requests of a gate before `configure`: every client is served."""

    def free_slots_for_any(self) -> int:
        return MAX_POLLED

    def free_slots_for(self, account: str) -> int:  # noqa: ARG002 - as the protocol
        return self.free_slots_for_any()

    def reserve_per_account(self) -> int:
        return MAX_POLLED

    def is_read(self, fileno: int) -> bool:  # noqa: ARG002 - as above
        return False

    def account(self, fileno: int) -> str:  # noqa: ARG002 - as above
        return ""

    def refuse(self, fileno: int, *, overloaded: bool) -> bool:  # noqa: ARG002 - as above
        return False


class ClientGate:
    """Two epolls behind the interface of one."""

    def __init__(self, epoll: Callable[[], Any]) -> None:
        """`epoll` makes the system's own epoll, without eventlet's patch."""
        self._own = epoll()
        self._clients = epoll()
        # An epoll is itself ready while one of its descriptors is (epoll(7)).
        self._own.register(self._clients, select.EPOLLIN)
        self._filenos: set[int] = set()
        self._requests: ClientRequests = NoClients()
        #: Ready clients that were not served yet: whether each has a read.
        self._is_read: dict[int, bool] = {}
        #: Those found while overloaded: the account of each, and since when the gate knows it.
        self._accounts: dict[int, tuple[str, float]] = {}
        self._overloaded_since: float | None = None

    def configure(self, requests: ClientRequests) -> None:
        """Use this object for the clients' requests from now on."""
        self._requests = requests

    def add_client(self, fileno: int) -> None:
        """Treat the descriptor as a client's. Called before anything waits for it."""
        self._filenos.add(fileno)

    def remove_client(self, fileno: int) -> None:
        """Note that the client's socket was closed. Another socket may get its descriptor."""
        self._filenos.discard(fileno)
        self._forget_request(fileno)

    def register(self, fileno: int, mask: int) -> None:
        self._epoll_of(fileno).register(fileno, mask)

    def modify(self, fileno: int, mask: int) -> None:
        self._epoll_of(fileno).modify(fileno, mask)

    def unregister(self, fileno: int) -> None:
        self._epoll_of(fileno).unregister(fileno)

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        ready: list[tuple[int, int]] = self._own.poll(seconds)
        clients = self._clients.fileno()
        served = [each for each in ready if each[0] != clients]
        if len(served) < len(ready):
            served += self._serve_clients()
        else:
            self._overloaded_since = None
        return served

    def _serve_clients(self) -> list[tuple[int, int]]:
        ready = self._clients.poll(0, MAX_POLLED)
        free = max(self._requests.free_slots_for_any(), MAX_SERVED_OVERLOADED)
        if len(ready) <= free:
            self._overloaded_since = None
            return self._serve_reads_beside_others(ready)
        if not self._is_overload():
            return self._serve(ready, MAX_SERVED_OVERLOADED)
        kept, shed = self._in_turn(ready)
        served = self._serve(kept, MAX_SERVED_OVERLOADED)
        return served + self._serve(shed, MAX_SHED, overloaded=True)

    def _in_turn(self, ready: Ready) -> tuple[Ready, Ready]:
        """Return the clients to serve, ordered by turn, and those to shed."""
        now = time.monotonic()
        reserve = self._requests.reserve_per_account()
        seen: dict[str, int] = {}
        free: dict[str, int] = {}
        kept: list[tuple[int, tuple[int, int]]] = []
        shed: list[tuple[int, int]] = []
        for each in ready:
            account, since = self._account_of(each[0], now)
            turn = seen[account] = seen.get(account, -1) + 1
            if turn == 0:
                free[account] = self._requests.free_slots_for(account)
            if turn < free[account]:
                kept.append((turn, each))
            elif turn >= reserve or now - since > PATIENCE:
                shed.append(each)
        kept.sort(key=_turn)
        return [each for _, each in kept], shed

    def _account_of(self, fileno: int, now: float) -> tuple[str, float]:
        known = self._accounts.get(fileno)
        if known is None:
            known = self._accounts[fileno] = self._requests.account(fileno), now
        return known

    def _forget_request(self, fileno: int) -> None:
        self._is_read.pop(fileno, None)
        self._accounts.pop(fileno, None)

    def _is_overload(self) -> bool:
        now = time.monotonic()
        if self._overloaded_since is None:
            self._overloaded_since = now
        return now - self._overloaded_since >= BURST

    def _serve_reads_beside_others(self, ready: Ready) -> list[tuple[int, int]]:
        reads: list[tuple[int, int]] = []
        others: list[tuple[int, int]] = []
        for each in ready:
            if (is_read := self._is_read.get(each[0])) is None:
                is_read = self._is_read[each[0]] = self._requests.is_read(each[0])
            (reads if is_read else others).append(each)
        return self._serve(reads, MAX_READS) + self._serve(others, MAX_SERVED)

    def _serve(
        self, ready: Ready, at_most: int, *, overloaded: bool = False
    ) -> list[tuple[int, int]]:
        """The first clients that the hub does not refuse; `at_most` of them."""
        served: list[tuple[int, int]] = []
        for each in ready[:MAX_REFUSED]:
            self._forget_request(each[0])
            if not self._requests.refuse(each[0], overloaded=overloaded):
                served.append(each)
                if len(served) == at_most:
                    break
        return served

    def _epoll_of(self, fileno: int) -> Any:
        return self._clients if fileno in self._filenos else self._own


def _turn(kept: tuple[int, tuple[int, int]]) -> int:
    return kept[0]
