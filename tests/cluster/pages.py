"""A small site in a pod: `/page/NAME` at once, `/slow/NAME` after SLOW seconds.

It takes traces too: a POST is kept in memory, and `/received` has all of them. It needs only the
standard library of its image.
"""

import asyncio
import html
import os
import re

PAGE = """<!doctype html><html><head><title>{title}</title>
<meta name="description" content="What stands on it"></head><body>A page</body></html>"""

RECEIVED = bytearray()
SLOW = float(os.environ.get("SLOW", "1"))


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one request of a connection."""
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        method, path = head.split()[:2]
        kind, _, name = path.decode().strip("/").partition("/")
        if method == b"POST":
            [length] = re.findall(rb"content-length: *(\d+)", head.lower())
            RECEIVED.extend(await reader.readexactly(int(length)))
        if kind == "slow":
            await asyncio.sleep(SLOW)
        found = kind in {"page", "slow", "v1", "received"}
        body = PAGE.format(title=html.escape(name)).encode()
        if kind in {"v1", "received"}:
            body = bytes(RECEIVED) if kind == "received" else b""
        writer.write(
            f"HTTP/1.1 {'200 OK' if found else '404 Not Found'}\r\n"
            "Content-Type: text/html; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        pass  # the client has gone
    finally:
        writer.close()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(answer, "0.0.0.0", 8080, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
