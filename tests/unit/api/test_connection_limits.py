"""Limits of connections by key, and of those without a key by address."""

from functools import partial

import pytest
from splitflap_api.contract.problems import Problem
from splitflap_api.overload import connection_limits as module
from splitflap_api.overload.connection_limits import (
    CONNECTION,
    ConnectionLimits,
    HeldConnection,
    authenticate,
    begin_wait,
)


class Rig:
    """Limits of 2 connections per key and 3 without a key, and what they ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.excess: list[str] = []
        self.left: set[str] = set()
        self.limits = ConnectionLimits(2, 3, self.excess.append)

    def open(self, name: str, address: str = "a") -> HeldConnection:
        """A new connection. Its end is recorded by its name; `left` has those of gone clients."""
        return self.limits.open(address, lambda: self.ended.append(name), lambda: name in self.left)

    def request(self, connection: HeldConnection, key: str) -> None:
        """Begin a request with a valid key."""
        connection.begin()
        connection.authenticate(key)


def test_the_oldest_silent_connection_ends() -> None:
    """Those with a request in progress, and those of a key, do not count."""
    rig = Rig()
    rig.open("running").begin()
    rig.request(rig.open("of a key"), "key")
    for number in range(5):
        rig.open(f"silent {number}")
    assert rig.ended == ["silent 0", "silent 1"]
    assert rig.excess == ["anonymous"] * 2


def test_an_answer_makes_a_connection_the_newest() -> None:
    """A client without a key that sends requests outlives silent ones."""
    rig = Rig()
    busy = rig.open("busy")
    rig.open("silent 0")
    busy.begin()
    assert busy.answered(stays=True)
    for number in range(1, 4):
        rig.open(f"silent {number}")
    assert rig.ended == ["silent 0", "busy"]


def test_a_request_that_came_before_the_end_is_answered_as_the_last() -> None:
    """Its response says that the connection closes."""
    rig = Rig()
    connections = [rig.open(f"{number}") for number in range(4)]
    assert rig.ended == ["0"]
    rig.request(connections[0], "key")
    assert not connections[0].answered(stays=True)


def test_the_address_with_the_most_silent_connections_loses_one() -> None:
    """A client with few connections keeps them."""
    rig = Rig()
    rig.open("single", "b")
    for number in range(5):
        rig.open(f"many {number}", "a")
    assert rig.ended == ["many 0", "many 1", "many 2"]


def test_a_key_has_a_number_of_requests_in_progress() -> None:
    """Another key has its own. An ended connection makes room."""
    rig = Rig()
    first, second, third = (rig.open(name) for name in "abc")
    rig.request(first, "key")
    rig.request(second, "key")
    with pytest.raises(Problem, match="2 requests in progress") as refused:
        rig.request(third, "key")
    assert refused.value.slug == "too-many-in-progress"
    rig.request(third, "other")
    first.leave()
    rig.request(rig.open("d"), "key")
    assert rig.excess == ["in_progress"]


def test_a_key_has_a_number_of_idle_connections() -> None:
    """A further connection ends after its answer. A request on an idle one makes room for one."""
    rig = Rig()
    connections = [rig.open(name) for name in "abc"]
    stays = []
    for each in connections:
        rig.request(each, "key")
        stays.append(each.answered(stays=True))
    assert stays == [True, True, False]
    connections[2].leave()
    rig.request(connections[0], "key")
    late = rig.open("d")
    rig.request(late, "key")
    assert late.answered(stays=True)
    assert rig.excess == ["idle"]


def test_a_stream_is_in_progress_until_its_connection_ends() -> None:
    """Its response has begun, and no request follows."""
    rig = Rig()
    for name in "ab":
        stream = rig.open(name)
        rig.request(stream, "key")
        assert not stream.answered(stays=False)
    with pytest.raises(Problem):
        rig.request(rig.open("c"), "key")
    stream.leave()
    rig.request(rig.open("d"), "key")


def test_a_connection_belongs_to_the_key_of_its_last_request() -> None:
    """A proxy sends the requests of many keys on one connection."""
    rig = Rig()
    shared = rig.open("shared")
    for key in ("one", "two", "one", "three"):
        rig.request(shared, key)
        assert shared.answered(stays=True)
    for key in ("one", "two"):
        for name in "ab":
            rig.request(rig.open(name), key)
    shared.begin()
    assert shared.answered(stays=True)
    assert rig.excess == rig.ended == []


def test_an_environment_without_a_connection_has_no_limits() -> None:
    """Another server may run the application."""
    authenticate({}, "key")
    rig = Rig()
    for _ in range(2):
        authenticate({CONNECTION: rig.open("a")}, "key")
    with pytest.raises(Problem):
        authenticate({CONNECTION: rig.open("a")}, "key")


def test_waiting_requests_of_gone_clients_make_room_for_a_key_at_its_limit() -> None:
    """The next request is served. The waiting ones learn that they end."""
    rig = Rig()
    waiting = [rig.open(name) for name in "ab"]
    learn = []
    for each in waiting:
        rig.request(each, "key")
        learn.append(begin_wait({CONNECTION: each}))
    rig.left.update("ab")
    assert [is_gone() for is_gone in learn] == [False, False]
    rig.request(rig.open("c"), "key")
    assert [is_gone() for is_gone in learn] == [True, True]
    assert not waiting[0].answered(stays=True)
    rig.request(rig.open("d"), "key")
    assert rig.excess == []


def test_a_client_that_opens_and_closes_streams_gets_no_pile_of_connections() -> None:
    """The threads of closed streams notice it a moment later. Until then they count as leaving."""
    rig = Rig()
    streams: list[HeldConnection] = []
    for name in "abcd":
        streams.append(rig.open(name))
        rig.request(streams[-1], "key")
        begin_wait({CONNECTION: streams[-1]})
        rig.left.add(name)
    with pytest.raises(Problem):
        rig.request(rig.open("e"), "key")
    streams[0].leave()
    rig.request(rig.open("f"), "key")


def test_a_request_at_work_does_not_end_with_its_client() -> None:
    """It ends soon by itself, and the client may have closed its sending side alone."""
    rig = Rig()
    working, kept = rig.open("working"), rig.open("kept")
    rig.request(working, "key")
    begin_wait({CONNECTION: kept})
    rig.request(kept, "key")  # the request after a wait
    rig.left |= {"working", "kept"}
    with pytest.raises(Problem):
        rig.request(rig.open("c"), "key")
    assert working.answered(stays=True)


def test_each_refusal_looks_at_a_few_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key may have thousands of live streams. Later refusals look at the others."""
    monkeypatch.setattr(module, "LOOKS", 2)
    looked: list[int] = []

    def look(number: int) -> bool:
        looked.append(number)
        return number == 4

    limits = ConnectionLimits(5, 1)
    for number in range(5):
        held = limits.open("a", lambda: None, partial(look, number))
        held.authenticate("key")
        held.begin_wait()
    late = limits.open("a", lambda: None, lambda: False)
    for _ in range(2):
        with pytest.raises(Problem):
            late.authenticate("key")
    assert looked == [0, 1, 2, 3]
    late.authenticate("key")
    assert looked == [0, 1, 2, 3, 4, 0]


def test_a_wait_on_another_server_has_no_gone_client() -> None:
    """Another server may run the application."""
    assert not begin_wait({})()
