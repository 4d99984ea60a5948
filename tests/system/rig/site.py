"""A web server whose pages can be previewed."""

import contextlib
import html
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

PAGE = """<!doctype html><html><head><title>{title}</title>
<meta name="description" content="What stands on it"></head><body>A page</body></html>"""

#: Seconds that a slow page takes.
SLOW = 1.0


class Site:
    """`/page/NAME` has the title NAME; `/held/NAME` too, but only once `release` was called.

    `/slow/NAME` takes SLOW seconds; anything else is not found.
    """

    def __init__(self) -> None:
        self.hits: list[str] = []
        self._held = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def url(self, path: str) -> str:
        """The address of a page."""
        return f"http://127.0.0.1:{self._server.server_port}/{path}"

    def hold(self) -> None:
        """Let held pages wait from now on."""
        self._held.clear()

    def release(self) -> None:
        """Let held pages come."""
        self._held.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self._held.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.hits.append(self.path)
                kind, _, name = self.path.strip("/").partition("/")
                if kind == "held":
                    site._held.wait(30)
                if kind == "slow":
                    time.sleep(SLOW)
                found = kind in {"page", "held", "slow"}
                body = PAGE.format(title=html.escape(name)).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                with contextlib.suppress(OSError):  # whoever asked was killed
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
                """Nothing: what was asked for is in `hits`."""

        return Handler
