"""Sessions of Socket.IO, and whether each of their requests reaches the worker that knows them.

A session lives in the memory of the worker that opened it. With long polling it is many HTTP
requests. Each has a connection of its own here: a browser needs two at least, for it sends while
its poll waits. With WebSocket the session is one connection. The packets are those of the Engine.IO
protocol, version 4, and of the Socket.IO protocol, version 5.
"""

import http.client
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

PATH = "/socket.io/?EIO=4&transport="

#: Seconds of one request.
TIMEOUT = 20.0

#: Networks on loopback that the clients come from: nginx's ip_hash looks at three bytes.
NETWORKS = 50


class UnknownSession(Exception):
    """A worker does not know the session."""


@dataclass(frozen=True)
class Outcome:
    """How a session ended: `worker` echoed its number, or did not."""

    #: The process id of the worker; 0 if the session broke.
    worker: int = 0
    #: Whether a worker did not know it.
    unknown: bool = False


def poll(port: int, number: int) -> int:
    """One session of long polling. Returns the worker's process id."""
    source = f"127.0.{number % NETWORKS}.1"

    def ask(body: str | None = None, session: str = "") -> str:
        return _request(port, source, f"{PATH}polling{session}", body)

    opened = json.loads(ask().removeprefix("0"))
    session = f"&sid={opened['sid']}"
    ask("40", session)
    ask(session=session)
    ask(f'42["echo",{number}]', session)
    return _worker(ask(session=session), number)


def websocket(port: int, number: int) -> int:
    """One session over a WebSocket."""
    from websocket import create_connection

    source = (f"127.0.{number % NETWORKS}.1", 0)
    url = f"ws://127.0.0.1:{port}{PATH}websocket"
    connection = create_connection(url, timeout=TIMEOUT, source_address=source)
    try:
        connection.recv()
        connection.send("40")
        connection.recv()
        connection.send(f'42["echo",{number}]')
        return _worker(str(connection.recv()), number)
    finally:
        connection.close()


def sessions(
    transport: Callable[[int, int], int], port: int, count: int, at_once: int
) -> list[Outcome]:
    """Many sessions, some of them at the same time."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda number: _outcome(transport, port, number), range(count)))


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The outcomes, counted. `busiest` is the share of one worker in all sessions that held."""
    held = [each.worker for each in outcomes if each.worker]
    unknown = sum(each.unknown for each in outcomes)
    return {
        "sessions": len(outcomes),
        "held": len(held),
        "unknown": unknown,
        "failed": len(outcomes) - len(held) - unknown,
        "busiest": max(map(held.count, held)) * 100 / len(held) if held else float("nan"),
    }


def _outcome(transport: Callable[[int, int], int], port: int, number: int) -> Outcome:
    try:
        return Outcome(transport(port, number))
    except UnknownSession:
        return Outcome(unknown=True)
    except (OSError, ValueError, http.client.HTTPException):
        return Outcome()


def _request(port: int, source: str, target: str, body: str | None) -> str:
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=TIMEOUT, source_address=(source, 0)
    )
    try:
        headers = {"Content-Type": "text/plain;charset=UTF-8", "Connection": "close"}
        connection.request("GET" if body is None else "POST", target, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    if response.status == http.client.BAD_REQUEST and "Invalid session" in text:
        raise UnknownSession(text)
    if response.status != http.client.OK:
        raise ValueError(f"{response.status} {text[:200]}")
    return text


def _worker(packet: str, number: int) -> int:
    """Raises ValueError if the packet is not the echo of this session."""
    name, echoed, worker = json.loads(packet.removeprefix("42"))
    if (name, echoed) != ("echo", number):
        raise ValueError(f"not the echo of {number}: {packet[:200]}")
    return int(worker)
