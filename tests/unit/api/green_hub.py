"""Cases for test_hub.py: `python green_hub.py CASE` runs one of them and exits with 0 if it holds.

Each case runs in a process of its own, because `green.patch` replaces the standard library's
blocking calls for the life of the process, and pytest's own process must keep them. A failed
assert ends the process with a traceback on stderr, which test_hub.py shows.

Within a case, code runs in green threads of one hub. `socket` and `time` are the patched modules.
The cases of the gate alone call `ClientGate.poll` themselves, on unpatched sockets.
"""

import errno
import logging
import socket
import sys
import time
from collections.abc import Sequence
from select import EPOLLIN
from typing import Any

from splitflap_api.overload import client_gate
from splitflap_api.overload.client_gate import ClientGate, NoClients
from splitflap_api.server import green

green.patch()

# Imported after the patch, as in a worker.
from eventlet.support.greenlets import GreenletExit  # noqa: E402
from splitflap_api.server import client_socket  # noqa: E402
from splitflap_api.server import worker as worker_module  # noqa: E402
from splitflap_api.server.client_socket import ClientSocket  # noqa: E402

#: Clients with a request at the same time.
MANY = 400

original = green.eventlet.patcher.original  # type: ignore[attr-defined]


class Requests(NoClients):
    """The requests of a gate, set by a case."""

    def __init__(self, by_fileno: dict[int, Any], free_slots: int = client_gate.MAX_POLLED) -> None:
        self._by_fileno = by_fileno
        self.slots = free_slots
        self.accounts: dict[int, str] = {}
        self.free: dict[str, int] = {}
        self.refused: list[int] = []
        self.asked: list[int] = []

    def free_slots_for_any(self) -> int:
        return self.slots

    def free_slots_for(self, account: str) -> int:
        return self.free.get(account, self.free_slots_for_any())

    def reserve_per_account(self) -> int:
        return 0

    def account(self, fileno: int) -> str:
        return self.accounts.get(fileno, "")

    def is_read(self, fileno: int) -> bool:
        self.asked.append(fileno)
        return bool(self._by_fileno[fileno].recv(1, socket.MSG_PEEK) == b"G")

    def refuse(self, fileno: int, *, overloaded: bool) -> bool:
        if overloaded:
            self.refused.append(fileno)
            self._by_fileno[fileno].recv(1)
        return overloaded


class Gate:
    """A ClientGate with clients on unpatched sockets. `theirs` are the clients' ends."""

    def __init__(self, count: int, free_slots: int = client_gate.MAX_POLLED) -> None:
        self.gate = ClientGate(original("select").epoll)
        pairs = [original("socket").socketpair() for _ in range(count)]
        self.theirs = {mine.fileno(): theirs for mine, theirs in pairs}
        self.mine = {mine.fileno(): mine for mine, _ in pairs}
        self.requests = Requests(self.mine, free_slots)
        self.gate.configure(self.requests)
        for fileno in self.mine:
            self.gate.add_client(fileno)
            self.gate.register(fileno, EPOLLIN)

    def send(self, filenos: Sequence[int], request: bytes) -> None:
        """Send a request from each of these clients."""
        for fileno in filenos:
            self.theirs[fileno].send(request)

    def poll(self) -> list[int]:
        """Descriptors for the hub to serve now."""
        return [fileno for fileno, _ in self.gate.poll(0)]


def own_sockets_are_served_among_many_clients() -> None:
    """The answer of the database is served in the next iteration, before most clients."""
    served: list[str] = []
    own, answer = socket.socketpair()
    clients = [socket.socketpair() for _ in range(MANY)]
    for mine, _ in clients:
        green.client_gate().add_client(mine.fileno())

    def serve(mine: socket.socket) -> None:
        green.wait_readable(mine, 10)
        served.append("client")
        if len(served) == 1:
            answer.send(b"!")

    def ask() -> None:
        own.recv(1)
        served.append("own")

    threads = [green.spawn(ask), *(green.spawn(serve, mine) for mine, _ in clients)]
    green.sleep(0)
    for _, theirs in clients:
        theirs.send(b"?")
    for thread in threads:
        thread.wait()
    assert len(served) == MANY + 1
    assert served.index("own") <= 64, served.index("own")


def the_newest_clients_are_shed_without_free_slots() -> None:
    """The oldest clients are kept, as many as there are free slots."""
    most = 100
    client_gate.BURST = 0
    clients = [socket.socketpair() for _ in range(MANY)]
    by_fileno: dict[int, Any] = {mine.fileno(): mine for mine, _ in clients}
    served: list[int] = []

    class Served(Requests):
        def free_slots_for_any(self) -> int:
            return most - len(served)

        def is_read(self, fileno: int) -> bool:
            return False

        def refuse(self, fileno: int, *, overloaded: bool) -> bool:
            if overloaded:
                self.refused.append(fileno)
                by_fileno[fileno].fd.recv(1)
            return overloaded

    def serve(mine: socket.socket) -> None:
        green.wait_readable(mine, 10)
        served.append(mine.fileno())

    requests = Served(by_fileno)
    green.client_gate().configure(requests)
    for mine, _ in clients:
        green.client_gate().add_client(mine.fileno())
    threads = [green.spawn(serve, mine) for mine, _ in clients]
    green.sleep(0)
    for _, theirs in clients:
        theirs.send(b"?")
    for thread in threads[:most]:
        thread.wait()
    filenos = [mine.fileno() for mine, _ in clients]
    assert set(served) == set(filenos[:most]), served
    assert set(requests.refused) == set(filenos[most:])


def reads_are_served_beside_requests_with_work() -> None:
    """Reads are served in the next iteration, and a few requests with work in each one."""
    gate = Gate(40)
    with_work, with_read = list(gate.mine)[:20], list(gate.mine)[20:]
    gate.send(with_work, b"P")
    gate.poll()
    gate.send(with_read, b"G")
    first = gate.poll()
    assert len(first) == client_gate.MAX_READS + client_gate.MAX_SERVED
    assert len({*first} & {*with_read}) == client_gate.MAX_READS, first

    # The gate reads the kind of a request once, and again for a served client's next request.
    served = next(each for each in first if each in with_work)
    for fileno in (*with_read, served):
        gate.mine[fileno].recv(1)
    gate.send([served], b"G")
    second = gate.poll()
    assert served in second
    waiting = next(each for each in with_work if each not in {*first, *second})
    assert gate.requests.asked.count(waiting) == 1

    # A reused descriptor is a new client.
    gate.gate.remove_client(waiting)
    gate.gate.add_client(waiting)
    gate.poll()
    assert gate.requests.asked.count(waiting) == 2


def a_short_burst_is_no_overload() -> None:
    """Clients are shed only after a burst has lasted. An earlier burst does not count."""
    gate = Gate(20, free_slots=0)
    gate.send([*gate.mine], b"?")
    gate.poll()
    time.sleep(client_gate.BURST)
    for fileno in gate.poll():
        gate.mine[fileno].recv(1)
    assert len(gate.requests.refused) == 20
    assert gate.poll() == []
    gate.requests.refused.clear()
    gate.send([*gate.mine], b"?")
    gate.poll()
    assert gate.requests.refused == []


def a_flood_of_one_account_sheds_its_own_clients() -> None:
    """A client of another account is served first. A few more of it wait for a slot."""
    client_gate.BURST = 0
    gate = Gate(43, free_slots=4)
    noisy, quiet = [*gate.mine][:40], [*gate.mine][40:]
    gate.requests.accounts = dict.fromkeys(noisy, "noisy") | dict.fromkeys(quiet, "quiet")
    gate.requests.free = {"noisy": 4, "quiet": 2}
    gate.requests.reserve_per_account = lambda: 3  # type: ignore[method-assign]  # one value for this case
    gate.send([*noisy, *quiet], b"P")
    served = gate.poll()
    assert served[:2] == [noisy[0], quiet[0]], served
    assert set(served) == {*noisy[:4], *quiet[:2]}
    assert set(gate.requests.refused) == {*noisy[4:]}

    # The waiting one is shed once its patience is over.
    for fileno in served:
        gate.mine[fileno].recv(1)
    gate.requests.free = {"noisy": 0, "quiet": 0}
    gate.requests.refused.clear()
    gate.send(noisy[:10], b"P")
    assert gate.poll() == []
    assert set(gate.requests.refused) == {*noisy[3:10]}
    client_gate.PATIENCE = 0
    gate.requests.refused.clear()
    gate.send(noisy[:10], b"P")
    assert gate.poll() == []
    assert quiet[2] in gate.requests.refused


def a_reused_descriptor_is_no_client() -> None:
    """The database's next socket may get the descriptor of a closed client."""
    mine, theirs = socket.socketpair()
    gate = green.client_gate()
    gate.add_client(mine.fileno())
    theirs.send(b"?")
    green.wait_readable(mine, 10)
    number = mine.fileno()
    mine.close()
    gate.remove_client(number)
    # Private: the two kinds of descriptors look alike from outside.
    assert number not in gate._filenos
    again, other = socket.socketpair()
    assert number in {again.fileno(), other.fileno()}
    other.send(b"!")
    again.send(b"!")
    assert (again.recv(1), other.recv(1)) == (b"!", b"!")


def the_hub_refuses_only_an_awaited_request() -> None:
    """ClientSocket follows the table in its docstring."""
    mine, theirs = original("socket").socketpair()
    client = ClientSocket(mine, body_deadline=0.0)

    def refuse(_: bytes) -> bytes:
        return b"refused"

    assert client.idle
    assert not client.refuse(refuse)
    reader = green.spawn(client.recv, 100)
    green.sleep(0)

    # AWAITED stays after a refusal. HELD: the reader gets a request left to the application.
    theirs.send(b"first")
    assert client.refuse(refuse)
    assert theirs.recv(100) == b"refused"
    assert client.idle
    theirs.send(b"second")
    assert not client.refuse(lambda _: None)
    assert not client.idle
    assert not client.refuse(refuse)
    theirs.send(b"third")
    assert reader.wait() == b"second"

    # The hub refuses nothing within a head or a body.
    assert client.next_bytes(5) == b""
    client.begin_body()
    assert not client.refuse(refuse)
    client.end_request(next_has_begun=False)
    assert client.idle

    # A late head is an error, so that the server answers 408.
    assert client.recv(100) == b"third"
    client.begin_body()
    client.end_request(next_has_begun=True)
    for _ in range(2):
        try:
            client.recv(100)
        except TimeoutError:
            continue
        raise AssertionError("a late head was no error")

    # A client with a late rest of a refused body is gone.
    client_socket.IDLE_TIMEOUT = 0.0
    client.begin_body()
    client.begin_dropping()
    assert client.recv(100) == client.recv(100) == b""
    try:
        client.begin_body()
    except RuntimeError:
        return
    raise AssertionError("a client that is gone began a body")


def others_run_while_a_long_body_is_read() -> None:
    """All of the body is here, so no read of it waits. Each turn ends after TURN seconds."""
    client_socket.TURN = 0.0
    theirs, mine = original("socket").socketpair()
    client = ClientSocket(mine)
    theirs.sendall(b"x" * 50_000)
    client.recv(1_000)
    client.begin_body()
    turns = 0

    def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            green.sleep(0)

    green.spawn(count)
    for _ in range(49):
        assert len(client.recv(1_000)) == 1_000
    assert turns >= 49, turns


def silence_is_a_timeout() -> None:
    """wait_readable raises TimeoutError."""
    mine, _theirs = socket.socketpair()
    try:
        green.wait_readable(mine, 0.01)
    except TimeoutError:
        return
    raise AssertionError("no TimeoutError")


def accepting_continues_after_an_error() -> None:
    """accept(2) fails for many temporary reasons. One green thread accepts all connections."""
    worker_module.ACCEPT_PAUSE = 0.001
    # Made without __init__: the arbiter would pass listening sockets, configuration and a log.
    worker = object.__new__(worker_module.EventletWorker)
    worker.log = logging.getLogger("worker")
    worker.wsgi = worker.cfg = None
    logging.disable()
    accepted: list[Any] = []

    class Listener:
        calls = 0

        def accept(self) -> tuple[Any, Any]:
            self.calls += 1
            if self.calls == 1:
                raise ConnectionAbortedError(errno.ECONNABORTED, "the client has gone")
            if self.calls == 2:
                raise OSError(errno.EMFILE, "no descriptor is left")
            if self.calls == 3:
                return "client", "address"
            raise GreenletExit

        def getsockname(self) -> Any:
            return "127.0.0.1", 8000

    class Pool:
        def spawn_n(self, _handle: Any, /, *args: Any) -> None:
            accepted.append(args[1])

        def running(self) -> int:
            return 0

    try:
        # Private: gunicorn's `run` calls it for each listener.
        worker._accept(Listener(), Pool())
    except GreenletExit:
        assert accepted == ["client"]
        return
    raise AssertionError("it ended")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
