"""A web site on all addresses of loopback. It prints its port and serves until killed.

/after/SECONDS/...   a page of 2 KB, after these seconds
"""

import asyncio
import sys

from benchmarks.harness.processes import allow_many_files
from benchmarks.scraper.slow_site import PAGE, response

_PAGE, _MISSING = response(PAGE), response(b"", "404 Not Found")


class Site(asyncio.Protocol):
    """One connection. It is kept unless the request has `Connection: close`."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # TCP's

    def data_received(self, data: bytes) -> None:
        """Answer a request. A small request always arrives in one piece."""
        self.closes = b"Connection: close" in data
        _, kind, *rest = data.split(b" ", 2)[1].split(b"/")
        if kind == b"after":
            asyncio.get_running_loop().call_later(float(rest[0]), self._send, _PAGE)
        else:
            self._send(_MISSING)

    def _send(self, data: bytes) -> None:
        self.transport.write(data)
        if self.closes:
            self.transport.close()


async def main() -> None:
    """Serve until killed."""
    allow_many_files()
    server = await asyncio.get_running_loop().create_server(Site, "0.0.0.0", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
