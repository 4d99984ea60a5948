"""One key, or one client without a key, cannot hold every connection."""

import select
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests

from tests.servers.fixtures import or_skip
from tests.servers.nginx import Nginx
from tests.support import wait_until

from .rig import (
    AUTH,
    GET_INDEX,
    KEY,
    PATIENCE,
    POST,
    Server,
    answer_of,
    everything,
    serving,
)

#: SPLITFLAP_MAX_CONNECTIONS; a key may hold a quarter, and clients without a key a half.
CONNECTIONS = 80
PER_KEY = CONNECTIONS // 4
ANONYMOUS = CONNECTIONS // 2

LIMITED = 'splitflap_connections_limited_total{why="%s"}'
TEXT = {"text": "x"}
STREAM = POST.replace(b"POST /v1/posts", b"GET /v1/events") + b"\r\n"
STATUS_STREAM = STREAM.replace(b"/v1/events", b"/v1/status/events")
QUIET_STREAM = STREAM.replace(b"/v1/events", b"/v1/events?channel=none")
WAIT = (
    POST
    + b"Prefer: wait=30\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n"
    + b'{"text":"x"}'
)
LIST = POST.replace(b"POST /v1/posts", b"GET /v1/posts") + b"\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with few connections."""
    connections = str(CONNECTIONS)
    made = serving(
        tmp_path,
        idle=PATIENCE,
        SPLITFLAP_MAX_CONNECTIONS=connections,
        SPLITFLAP_MAX_IN_FLIGHT="1000",
    )
    with made as server:
        yield server


@pytest.fixture
def other_key(server: Server) -> str:
    """A second key."""
    new = {"account": "other", "scopes": ["read", "write"], "name": "other"}
    answer = requests.post(f"{server.url}/v1/keys", json=new, headers=AUTH, timeout=PATIENCE)
    key: str = answer.json()["key"]
    return key


def opened(server: Server, stack: ExitStack, data: bytes, count: int) -> list[socket.socket]:
    """So many connections with this request."""
    made = [stack.enter_context(server.connect()) for _ in range(count)]
    for each in made:
        with suppress(OSError):
            each.sendall(data)
    return made


def streams(server: Server) -> float:
    """How many event streams are open."""
    return server.metric("splitflap_event_streams")


def held(server: Server) -> float:
    """How many streams and waits have been admitted.

    A request that asks whether the key is at its limit would count for the key, and could take the
    place of a held one.
    """
    return streams(server) + server.metric('splitflap_jobs_accepted_total{kind="render"}')


def test_a_key_with_too_many_streams_gets_429(server: Server, other_key: str) -> None:
    """The problem names the limit. Another key is served, and an ended stream makes room.

    Streams of the status count as well.
    """
    with ExitStack() as stack:
        clients = opened(server, stack, STATUS_STREAM, PER_KEY // 2)
        clients += opened(server, stack, STREAM, PER_KEY - len(clients))
        wait_until(lambda: streams(server) == PER_KEY, "the streams")
        with server.connect() as client:
            client.sendall(STREAM)
            answer = answer_of(client)
        assert answer.status == 429
        assert b"too-many-in-progress" in answer.body
        assert b"20 requests in progress" in answer.body
        assert int(answer.head["retry-after"]) >= 1
        assert server.metric(LIMITED % "in_progress") >= 1
        with server.connect() as client:
            client.sendall(STREAM.replace(KEY.encode(), other_key.encode()))
            assert client.recv(12) == b"HTTP/1.1 200"
        clients[0].close()
        wait_until(server.answers, "room for the key")


def leave(client: socket.socket, how: str) -> None:
    """Close a connection with FIN or RST."""
    if how == "RST":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_closed_streams_of_a_key_at_its_limit_make_room_at_once(server: Server, how: str) -> None:
    """All streams are silent. The next request is served, and the streams end before a comment."""
    with ExitStack() as stack:
        clients = opened(server, stack, QUIET_STREAM, PER_KEY)
        wait_until(lambda: streams(server) == PER_KEY, "the streams")
        assert not server.answers()
        for each in clients:
            leave(each, how)
        # The kernel hands the last FIN over before the next connection.
        assert server.answers()
        wait_until(lambda: streams(server) == 0, "the ends of the streams", 10)


@pytest.mark.parametrize("data", [QUIET_STREAM, WAIT], ids=["streams", "waits"])
def test_requests_that_clients_close_behind_nginx_make_room(server: Server, data: bytes) -> None:
    """Nginx closes its connection to the API when the client closes."""
    with or_skip(lambda: Nginx(server.port, buffering=False)) as proxy, ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port)))
            for _ in range(PER_KEY)
        ]
        for each in clients:
            each.sendall(data)
        wait_until(lambda: held(server) == PER_KEY, "the requests")
        assert not server.answers()
        for each in clients:
            each.close()
        wait_until(server.answers, "room for the key", 10)


@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_closed_waits_of_a_key_at_its_limit_make_room_at_once(server: Server, how: str) -> None:
    """Nothing may be sent before their responses, and yet the next request is served."""
    with ExitStack() as stack:
        clients = opened(server, stack, WAIT, PER_KEY)
        wait_until(lambda: held(server) == PER_KEY, "the waits")
        assert not server.answers()
        for each in clients:
            leave(each, how)
        assert server.answers()
        for _ in range(PER_KEY):
            assert server.answers()


def test_a_half_closed_client_is_served_below_the_limit_of_its_key(server: Server) -> None:
    """Its sending side alone is closed."""
    with server.connect() as client, server.connect() as stream:
        stream.sendall(STREAM)
        stream.shutdown(socket.SHUT_WR)
        client.sendall(WAIT.replace(b"wait=30", b"wait=1"))
        client.shutdown(socket.SHUT_WR)
        answer = answer_of(client)
        assert (answer.status, answer.head["preference-applied"]) == (202, "wait=1")
        assert server.answers()
        assert streams(server) == 1


def test_a_half_closed_wait_of_a_key_at_its_limit_ends_with_its_202(server: Server) -> None:
    """It looks like a closed one. Its client gets the whole response."""
    with server.connect() as half, ExitStack() as stack:
        opened(server, stack, QUIET_STREAM, PER_KEY - 1)
        wait_until(lambda: streams(server) == PER_KEY - 1, "the streams")
        half.sendall(WAIT)
        half.shutdown(socket.SHUT_WR)

        def has_ended() -> bool:
            return server.answers() and bool(select.select([half], [], [], 0)[0])

        wait_until(has_ended, "the end of the wait", 20)
        assert answer_of(half).status == 202


@pytest.mark.parametrize(
    "data",
    [
        STREAM,
        LIST,
        POST + b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
        WAIT,
    ],
    ids=["streams", "idle connections", "slow bodies", "waits"],
)
def test_a_key_cannot_hold_every_connection(server: Server, other_key: str, data: bytes) -> None:
    """It asks for twice as many connections as there are. Another key is served."""
    headers = {"Authorization": f"Bearer {other_key}"}
    with ExitStack() as stack:
        opened(server, stack, data, 2 * CONNECTIONS)
        for _ in range(5):
            answer = requests.get(f"{server.url}/v1/posts", headers=headers, timeout=PATIENCE)
            assert answer.status_code == 200


def test_an_answer_beyond_the_idle_connections_of_a_key_closes_its_own(server: Server) -> None:
    """The head says so. The kept connections go on."""
    with ExitStack() as stack:
        clients = opened(server, stack, b"", PER_KEY + 3)
        closes = []
        for each in clients:
            each.sendall(LIST)
            answer = answer_of(each)
            assert answer.status == 200
            closes.append(answer.closes)
        assert closes == [False] * PER_KEY + [True] * 3
        assert all(everything(each) == b"" for each in clients[PER_KEY:])
        for each in clients[:PER_KEY]:
            each.sendall(LIST)
            assert answer_of(each).status == 200
    assert server.metric(LIMITED % "idle") == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: ",
        GET_INDEX,
        POST.replace(b"Bearer ", b"Bearer x") + b"Content-Length: 1000\r\n\r\nx",
    ],
    ids=["silent", "slow heads", "idle after a public page", "idle after a refusal"],
)
def test_clients_without_a_key_cannot_hold_every_connection(server: Server, data: bytes) -> None:
    """The oldest silent ones are closed, and clients with a key are served."""
    with ExitStack() as stack:
        silent = opened(server, stack, data, 3 * CONNECTIONS)
        for _ in range(5):
            assert server.answers()
        assert server.metric(LIMITED % "anonymous") >= 2 * CONNECTIONS - ANONYMOUS
        everything(silent[0])


def test_a_client_with_a_key_keeps_its_connection_beside_silent_ones(server: Server) -> None:
    """Its connection is not anonymous, though it is older than all of them."""
    with server.connect() as client, ExitStack() as stack:
        client.sendall(LIST)
        assert answer_of(client).status == 200
        opened(server, stack, b"", 3 * CONNECTIONS)
        wait_until(server.answers, "an answer")
        client.sendall(LIST)
        assert answer_of(client).status == 200
