"""A small web server for sites of benchmarks. It prints its port and serves until killed."""

import asyncio
import sys
from abc import ABC, abstractmethod

from .processes import allow_many_files


def response(body: bytes, status: str = "200 OK") -> bytes:
    """The bytes of a response, head included."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Pages(asyncio.Protocol, ABC):
    """One connection. It is kept unless the request has `Connection: close`."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # TCP's

    def data_received(self, data: bytes) -> None:
        """Answer a request. A small request always arrives in one piece."""
        self.closes = b"Connection: close" in data
        self.answer(data.split(b" ", 2)[1])

    @abstractmethod
    def answer(self, path: bytes) -> None:
        """Answer a request for this path, now or later."""

    def send(self, data: bytes) -> None:
        """Send the last bytes of a response."""
        self.transport.write(data)
        if self.closes:
            self.transport.close()

    def send_after(self, seconds: float, data: bytes) -> None:
        """Send them after some seconds."""
        asyncio.get_running_loop().call_later(seconds, self.send, data)


def run(pages: type[Pages], host: str) -> None:
    """Serve on this address until killed."""
    asyncio.run(_serve(pages, host))


async def _serve(pages: type[Pages], host: str) -> None:
    allow_many_files()
    server = await asyncio.get_running_loop().create_server(pages, host, 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()
