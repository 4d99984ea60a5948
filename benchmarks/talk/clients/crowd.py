"""A thousand light clients of event streams: plain sockets, so they use little of the CPUs.

`sse` reads Server-Sent Events. `socketio` speaks Socket.IO (protocol 5) over a WebSocket, and
answers its pings.
"""

import asyncio
import contextlib
import json
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from tests.system.rig.stack import ADMIN

from .pushers import Pusher, cpu_seconds

#: Clients that connect at the same time.
GROUP = 25

#: Seconds until a client must be connected, and until it must have its events.
TIMEOUT = 30.0


class Listener(ABC):
    """One client: it counts the events that it got, by name and post."""

    def __init__(self) -> None:
        self.got: Counter[str] = Counter()
        self.connected = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def open(self, port: int) -> None:
        """Connect, and wait until events would arrive."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self._reading = asyncio.create_task(self._read())
        waits = asyncio.create_task(self.connected.wait())
        await asyncio.wait({waits, self._reading}, timeout=TIMEOUT, return_when="FIRST_COMPLETED")
        if not self.connected.is_set():
            waits.cancel()
            raise ConnectionError("a client could not connect")

    def close(self) -> None:
        """Close the connection."""
        if self._reading:
            self._reading.cancel()
        self.writer.close()

    @abstractmethod
    async def _read(self) -> None:
        """Say hello, and read until the connection ends."""

    def _take(self, name: str, post: str) -> None:
        self.got[f"{name} {post}"] += 1


class Sse(Listener):
    """Reads GET /v1/events."""

    async def _read(self) -> None:
        self.writer.write(
            f"GET /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {ADMIN}\r\n\r\n".encode()
        )
        name = ""
        while line := await self.reader.readline():
            if line.startswith(b"event: "):
                name = line[7:].decode().strip()
            elif line.startswith(b"data: ") and name == "start":
                self.connected.set()
            elif line.startswith(b"data: "):
                self._take(name, json.loads(line[6:])["post"])


class SocketIo(Listener):
    """Reads a WebSocket."""

    async def _read(self) -> None:
        self.writer.write(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\n"
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await self.reader.readuntil(b"\r\n\r\n")
        while True:
            self._answer(await self._frame())

    async def _frame(self) -> str:
        """The text of one frame of the server, which is not masked."""
        length = (await self.reader.readexactly(2))[1]
        if length == 126:
            length = int.from_bytes(await self.reader.readexactly(2))
        return (await self.reader.readexactly(length)).decode()

    def _answer(self, text: str) -> None:
        if text.startswith("0"):  # Engine.IO is open: connect
            self._send("40")
        elif text.startswith("2"):  # ping
            self._send("3")
        elif text.startswith("40"):
            self.connected.set()
        elif text.startswith("42"):
            name, data = json.loads(text[2:])
            self._take(name, data["post"])

    def _send(self, text: str) -> None:
        """A frame with a mask of zeros."""
        self.writer.write(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text.encode())


LISTENERS: dict[str, Callable[[], Listener]] = {"sse": Sse, "socketio": SocketIo}


@asynccontextmanager
async def crowd(protocol: str, port: int, count: int) -> AsyncIterator[list[Listener]]:
    """So many connected clients."""
    listeners: list[Listener] = []
    try:
        while len(listeners) < count:
            size = min(GROUP, count - len(listeners))
            group = [LISTENERS[protocol]() for _ in range(size)]
            await asyncio.gather(*(each.open(port) for each in group))
            listeners += group
        yield listeners
    finally:
        for each in listeners:
            each.close()


async def publish(
    pusher: Pusher, posts: int, rate: float, listeners: Sequence[Listener] = ()
) -> tuple[float, list[str]]:
    """Publish posts, `rate` a second, until all have arrived. Returns CPU seconds and events."""
    events: list[str] = []
    before, began = cpu_seconds(pusher), time.monotonic()
    for index in range(posts):
        await asyncio.sleep(max(0.0, began + index / rate - time.monotonic()))
        events += await asyncio.to_thread(pusher.publish)
    with contextlib.suppress(TimeoutError):  # the books show what is missing
        async with asyncio.timeout(TIMEOUT):
            await _arrival(listeners, events)
    return cpu_seconds(pusher) - before, events


async def _arrival(listeners: Sequence[Listener], events: Sequence[str]) -> None:
    while any(event not in each.got for each in listeners for event in events):  # noqa: ASYNC110 - many events
        await asyncio.sleep(0.1)
