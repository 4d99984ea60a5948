"""The second port: /healthz, /readyz and /metrics, cheap, and never through a database.

Liveness is the progress of the service's own loops; readiness is whether it can do its work now.
"""

import contextlib
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from splitflap_core.runtime import cannot_listen
from splitflap_core.settings import CommonSettings
from splitflap_core.telemetry import Metrics

logger = logging.getLogger(__name__)

#: Says what is wrong, or nothing.
Check = Callable[[], str | None]

#: Seconds a client of this port may take with its request.
CLIENT_TIMEOUT = 5.0

#: Seconds of rest after a connection that could not be accepted.
RETRY_AFTER = 0.1


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
        serve = self._server.accept_forever
        self._thread = threading.Thread(target=serve, name="health", daemon=True)

    def live(self, name: str, check: Check) -> None:
        """A check whose complaint means that the process should be restarted."""
        self._live[name] = check

    def ready(self, name: str, check: Check) -> None:
        """A check whose complaint means that no work should be sent here for now."""
        self._ready[name] = check

    def start(self) -> None:
        """Serve from a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.stop()

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


def health_server(service: str, settings: CommonSettings, metrics: Metrics) -> HealthServer:
    """The health port, taken; where it cannot be, the process ends with one clear line."""
    host, port = settings.health_host, settings.health_port
    try:
        return HealthServer((host, port), metrics)
    except OSError as error:
        raise cannot_listen(service, "HEALTH_PORT", host, port, error) from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    #: Connections that may wait to be accepted; over five, a burst of clients costs a probe 1 s.
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self._stopped = False
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """As HTTPServer does, without asking DNS for the host's name, which nobody reads."""
        TCPServer.server_bind(self)

    def accept_forever(self) -> None:
        """Serve until `stop`.

        socketserver's own loop waits in a selector that it has chosen at its import, which may be
        one from before the standard library was made green, and would then block everything.
        """
        while not self._stopped:
            try:
                request, address = self.get_request()
                self.process_request(request, address)
            except (OSError, RuntimeError) as error:  # no file or no thread is left
                if not self._stopped:
                    logger.warning("the health port: %r", error)
                    time.sleep(RETRY_AFTER)

    def stop(self) -> None:
        """Wake the loop and close the port."""
        self._stopped = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        logger.debug("a client of the health port went away: %r", sys.exc_info()[1])


def _verdict(checks: dict[str, Check]) -> tuple[int, bytes]:
    asked = ((name, _complaint(check)) for name, check in checks.items())
    wrong = [f"{name}: {complaint}" for name, complaint in asked if complaint]
    return (503, ("\n".join(wrong) + "\n").encode()) if wrong else (200, b"ok\n")


def _complaint(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:
        logger.exception("a health check failed itself")
        return repr(error)
