"""A small site in a pod: `/page/NAME` at once, `/slow/NAME` after SLOW seconds.

It needs only the standard library of its image.
"""

import asyncio
import html
import os

PAGE = """<!doctype html><html><head><title>{title}</title>
<meta name="description" content="What stands on it"></head><body>A page</body></html>"""

SLOW = float(os.environ.get("SLOW", "1"))


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one request of a connection."""
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        kind, _, name = head.split()[1].decode().strip("/").partition("/")
        if kind == "slow":
            await asyncio.sleep(SLOW)
        found = kind in {"page", "slow"}
        body = PAGE.format(title=html.escape(name)).encode()
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
