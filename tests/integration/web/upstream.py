"""An HTTP server in place of the API, which records requests and breaks off on demand."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

#: A path whose requests end without a response.
DIES = "/v1/dies"

#: A path whose requests get 502.
FAILS = "/v1/fails"

#: The paths of streams.
STREAMS = ("/v1/events", "/v1/status/events")


@dataclass(frozen=True)
class Seen:
    """A request as it arrived, and the port of its connection."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


@dataclass
class Upstream:
    """The server's port, its requests, and the frames that its streams send next."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    frames: "SimpleQueue[bytes]" = field(default_factory=SimpleQueue)


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Run the server."""
    made = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            connection = self.client_address[1]
            made.seen.append(Seen(self.command, self.path, headers, body, connection))
            path = self.path.partition("?")[0]
            if path == DIES:
                self.close_connection = True
            elif path in STREAMS:
                self._stream()
            else:
                self._send(502 if path == FAILS else 200, b"{}")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self) -> None:
            """Send frames as they come, until an empty one."""
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("X-Accel-Buffering", "no")
            self.end_headers()
            while frame := made.frames.get():
                self.wfile.write(frame)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
            """Nothing: the tests read `seen`."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        made.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield made
        finally:
            made.frames.put(b"")
            server.shutdown()
