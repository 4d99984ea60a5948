"""The second port: /healthz, /readyz and /metrics, cheap, and never through a database.

Liveness is the progress of the service's own loops; readiness is whether it can do its work now.
"""

import logging
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from splitflap_core.telemetry import Metrics

logger = logging.getLogger(__name__)

#: Says what is wrong, or nothing.
Check = Callable[[], str | None]

#: Seconds a client of this port may take with its request.
CLIENT_TIMEOUT = 5.0


class HealthServer:
    """Answers 200 while no check complains, else 503 with the complaints, one a line."""

    def __init__(self, address: tuple[str, int], metrics: Metrics) -> None:
        self._live: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}
        self._pages: dict[str, Callable[[], tuple[int, bytes]]] = {
            "/healthz": lambda: _verdict(self._live),
            "/readyz": lambda: _verdict(self._ready),
            "/metrics": lambda: (200, metrics.exposition()),
        }
        self._server = _Server(address, self._handler())

    def live(self, name: str, check: Check) -> None:
        """A check whose complaint means that the process should be restarted."""
        self._live[name] = check

    def ready(self, name: str, check: Check) -> None:
        """A check whose complaint means that no work should be sent here for now."""
        self._ready[name] = check

    def start(self) -> None:
        """Serve from a thread of its own."""
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            timeout = CLIENT_TIMEOUT

            def do_GET(self) -> None:
                page = pages.get(self.path.partition("?")[0])
                status, body = page() if page else (404, b"not found\n")
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
                logger.debug(format, *args)

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        logger.debug("a client of the health port went away: %r", sys.exc_info()[1])


def _verdict(checks: dict[str, Check]) -> tuple[int, bytes]:
    wrong = [f"{name}: {complaint}" for name, check in checks.items() if (complaint := check())]
    return (503, ("\n".join(wrong) + "\n").encode()) if wrong else (200, b"ok\n")
