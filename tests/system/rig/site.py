"""A web server with pages for previews."""

import contextlib
import html
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

PAGE = """<!doctype html><html><head><title>{title}</title>
<meta name="description" content="What stands on it">{more}</head><body>A page</body></html>"""

#: More of the head of an adult page.
ADULT = '<meta name="rating" content="adult"><meta property="og:image" content="/image">'

IMAGE = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"/>'

#: Seconds that a slow page takes.
SLOW_SECONDS = 1.0

#: Seconds until a held page is sent without `release`.
HOLD_LIMIT = 30.0


class Site:
    """Serves the pages of some `kinds`; each has its NAME as title. All other paths are 404.

    `/page/NAME` comes at once, `/slow/NAME` after SLOW_SECONDS. `/held/NAME` comes at once too,
    except between `hold` and `release`: then it waits for `release`. `/adult/NAME` is for adults,
    and has an image.
    """

    def __init__(self) -> None:
        #: Path of each request so far.
        self.hits: list[str] = []
        #: The first parts of the paths that exist.
        self.kinds = {"page", "held", "slow", "adult", "image"}
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def url(self, path: str) -> str:
        """The URL of a page."""
        return f"http://127.0.0.1:{self._server.server_port}/{path}"

    def hold(self) -> None:
        """Let requests for held pages wait from now on."""
        self.released.clear()

    def release(self) -> None:
        """Answer all requests for held pages."""
        self.released.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.hits.append(self.path)
            kind, _, name = self.path.strip("/").partition("/")
            if kind == "held":
                site.released.wait(HOLD_LIMIT)
            if kind == "slow":
                time.sleep(SLOW_SECONDS)
            found = kind in site.kinds
            more = ADULT if kind == "adult" else ""
            page = IMAGE if kind == "image" else PAGE.format(title=html.escape(name), more=more)
            body = page.encode()
            self.send_response(200 if found else 404)
            media_type = "image/svg+xml" if kind == "image" else "text/html; charset=utf-8"
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            with contextlib.suppress(OSError):  # the scraper was killed meanwhile
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
            """Log nothing: `hits` has the paths."""

    return Handler
