"""Run by test_hub.py in a process of its own: it patches."""

import errno
import logging
import socket
import sys
import time
from collections.abc import Sequence
from select import EPOLLIN
from typing import Any

from splitflap_api.overload import client_gate
from splitflap_api.server import green

green.patch()

# After the patch.
from splitflap_api.server import worker as worker_module  # noqa: E402
from splitflap_api.store import batcher as batcher_module  # noqa: E402
from splitflap_api.store.batcher import Batcher, TookTooLong  # noqa: E402

#: Clients that are all ready at once.
CROWD = 400

original = green.eventlet.patcher.original  # type: ignore[attr-defined]


def clients_of(two_epolls: client_gate.ClientGate, count: int) -> tuple[list[Any], dict[int, Any]]:
    """Unpatched pairs of sockets, whose first ends are clients; and these by their numbers."""
    clients = [original("socket").socketpair() for _ in range(count)]
    by_number = {mine.fileno(): mine for mine, _ in clients}
    for number in by_number:
        two_epolls.add_client(number)
        two_epolls.register(number, EPOLLIN)
    return clients, by_number


def who_waits_is_served_among_a_crowd() -> None:
    """What the service itself waits for comes in its turn, not after all clients."""
    served: list[str] = []
    own, answer = socket.socketpair()
    clients = [socket.socketpair() for _ in range(CROWD)]
    for mine, _ in clients:
        green.polls().add_client(mine.fileno())

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
    assert len(served) == CROWD + 1
    # In the turn after the one in which the answer came.
    assert served.index("own") <= 64, served.index("own")


def the_last_are_turned_away_where_there_is_no_room() -> None:
    """Of a crowd as many are kept as there is room for, and those are served in their order."""
    most = 100
    client_gate.BURST = 0
    clients = [socket.socketpair() for _ in range(CROWD)]
    served: list[int] = []
    away: list[int] = []
    green.polls().room = lambda: most - len(served)

    def serve(mine: socket.socket) -> None:
        green.wait_readable(mine, 10)
        served.append(mine.fileno())

    def refuse(number: int, turned_away: bool) -> bool:
        if turned_away:
            away.append(number)
            by_number[number].fd.recv(1)
        return turned_away

    by_number: dict[int, Any] = {mine.fileno(): mine for mine, _ in clients}
    green.polls().refuse = refuse

    for mine, _ in clients:
        green.polls().add_client(mine.fileno())
    threads = [green.spawn(serve, mine) for mine, _ in clients]
    green.sleep(0)
    for _, theirs in clients:
        theirs.send(b"?")
    for thread in threads[:most]:
        thread.wait()
    numbers = [mine.fileno() for mine, _ in clients]
    assert set(served) == set(numbers[:most]), served
    assert set(away) == set(numbers[most:])


def looks_come_first() -> None:
    """Who only looks is served in the next turn, and a few of those who bring work in every one."""
    two_epolls = client_gate.ClientGate(original("select").epoll)
    asked: list[int] = []

    def is_look(number: int) -> bool:
        asked.append(number)
        return bool(by_number[number].recv(1, socket.MSG_PEEK) == b"G")

    two_epolls.is_look = is_look
    clients, by_number = clients_of(two_epolls, 40)
    for _, theirs in clients[:20]:
        theirs.send(b"P")
    two_epolls.poll(0)
    for _, theirs in clients[20:]:
        theirs.send(b"G")
    looks = {mine.fileno() for mine, _ in clients[20:]}
    turn = [number for number, _ in two_epolls.poll(0)]
    assert len(turn) == client_gate.LOOKS_A_TURN + client_gate.CLIENTS_A_TURN
    assert len({*turn} & looks) == client_gate.LOOKS_A_TURN, turn
    # Who has been read is asked about the next request; who waits is asked once.
    served = next(each for each in turn if each not in looks)
    for number in (*looks, served):
        by_number[number].recv(1)
    next(theirs for mine, theirs in clients if mine.fileno() == served).send(b"G")
    later = [number for number, _ in two_epolls.poll(0)]
    assert served in later
    waits = next(each for each in by_number if each not in {*looks, *turn, *later})
    assert asked.count(waits) == 1
    # Whose number is used again is somebody else.
    two_epolls.remove_client(waits)
    two_epolls.add_client(waits)
    two_epolls.poll(0)
    assert asked.count(waits) == 2


def a_burst_after_a_calm_is_no_crowd() -> None:
    """Nobody is turned away before a burst has lasted, however long ago the last one ended."""
    two_epolls = client_gate.ClientGate(original("select").epoll)
    two_epolls.room = lambda: 0
    away: list[int] = []

    def refuse(number: int, turned_away: bool) -> bool:
        if turned_away:
            away.append(number)
            by_number[number].recv(1)
        return turned_away

    two_epolls.refuse = refuse
    clients, by_number = clients_of(two_epolls, 20)

    def burst() -> list[int]:
        for _, theirs in clients:
            theirs.send(b"?")
        return [number for number, _ in two_epolls.poll(0)]

    burst()
    time.sleep(client_gate.BURST)
    for number, _ in two_epolls.poll(0):
        by_number[number].recv(1)
    assert len(away) == 20 - client_gate.CROWD_A_TURN
    assert two_epolls.poll(0) == []
    away.clear()
    burst()
    assert away == []


def a_number_used_again_is_nobodys_client() -> None:
    """After a client is gone its descriptor may be the database's."""
    mine, theirs = socket.socketpair()
    green.polls().add_client(mine.fileno())
    theirs.send(b"?")
    green.wait_readable(mine, 10)
    number = mine.fileno()
    mine.close()
    green.polls().remove_client(number)
    assert number not in green.polls()._clients
    again, other = socket.socketpair()
    assert number in {again.fileno(), other.fileno()}
    other.send(b"!")
    again.send(b"!")
    assert (again.recv(1), other.recv(1)) == (b"!", b"!")


def silence_is_a_timeout() -> None:
    """A wait has a limit."""
    mine, _theirs = socket.socketpair()
    try:
        green.wait_readable(mine, 0.01)
    except TimeoutError:
        return
    raise AssertionError("no TimeoutError")


def a_waiting_room_lets_go_who_waits_and_who_comes_later() -> None:
    """All that wait, at once; and who has not begun to wait need not."""
    waiters = green.GreenWaiters()
    gone: list[int] = []

    def wait(number: int, waiter: green.GreenWaiter) -> None:
        waiter.wait()
        gone.append(number)

    made = [waiters.new_waiter() for _ in range(3)]
    threads = [green.spawn(wait, number, waiter) for number, waiter in enumerate(made[:2])]
    green.sleep(0)
    assert gone == []
    waiters.wake_all(made)
    green.sleep(0)
    threads.append(green.spawn(wait, 2, made[2]))
    for thread in threads:
        thread.wait()
    assert gone == [0, 1, 2]


def who_was_killed_is_left_alone() -> None:
    """A green thread that has left its place is not resumed where it is now."""
    waiters = green.GreenWaiters()
    waiter = waiters.new_waiter()
    awake: list[str] = []

    def wait() -> None:
        try:
            waiter.wait()
        except green.Killed:
            green.sleep(5)
            awake.append("too early")

    thread = green.spawn(wait)
    green.sleep(0)
    thread.kill()
    waiters.wake_all([waiter])
    green.sleep(0.01)
    assert awake == []


def a_stop_lets_a_run_finish() -> None:
    """Who looks for late callers lets others run also while a batcher stops."""

    def run(questions: Sequence[str]) -> list[str]:
        green.sleep(0.1)
        return [question.upper() for question in questions]

    batcher: Batcher[str, str] = Batcher("desk", run, green.GreenWaiters())
    batcher.start()
    asked = green.spawn(batcher, "a question")
    green.sleep(0.01)
    batcher.stop(10)
    assert asked.wait() == "A QUESTION"


def who_asks_alone_is_answered_in_his_own_turn() -> None:
    """Nobody else runs between his question and its answer, unless the run waits."""
    ran: list[str] = []

    def run(questions: Sequence[str]) -> list[str]:
        return [question.upper() for question in questions]

    batcher: Batcher[str, str] = Batcher("desk", run, green.GreenWaiters(), inline_when_idle=True)
    batcher.start()
    green.spawn(ran.append, "another")
    assert (batcher("a"), ran) == ("A", [])
    batcher.stop(10)


def who_asks_alone_waits_no_longer_than_others() -> None:
    """A run that never comes back is left, and the next one asks again."""
    batcher_module.MAX_WAIT = 0.05
    runs: list[str] = []

    def run(questions: Sequence[str]) -> list[str]:
        runs.extend(questions)
        if len(runs) == 1:
            green.sleep(10)
        return list(questions)

    batcher: Batcher[str, str] = Batcher("desk", run, green.GreenWaiters(), inline_when_idle=True)
    batcher.start()
    try:
        batcher("a")
    except TookTooLong:
        assert batcher("b") == "b"
        return
    raise AssertionError("no TookTooLong")


def an_accept_that_fails_is_not_the_last() -> None:
    """accept(2) fails for many reasons that pass; there is nobody else who accepts."""
    worker_module.PAUSE = 0.001
    worker = object.__new__(worker_module.EventletWorker)
    worker.log = logging.getLogger("worker")
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
            raise green.Killed

    class Pool:
        def spawn_n(self, _handle: Any, _listener: Any, client: Any, _addr: Any) -> None:
            accepted.append(client)

    try:
        worker._accept(Listener(), Pool())
    except green.Killed:
        assert accepted == ["client"]
        return
    raise AssertionError("it ended")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
