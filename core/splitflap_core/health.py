"""The health port: /healthz, /readyz and /metrics. No request to it waits for a database.

Liveness means that the service's own loops make progress. Readiness means that the service can
work now.
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

#: Returns the reason of a failure, or None.
Check = Callable[[], str | None]

#: A response: status, media type and body.
Page = tuple[int, str, bytes]

PLAIN = "text/plain; charset=utf-8"

NOT_FOUND: Page = (404, PLAIN, b"not found\n")

#: Seconds for a client to send its request.
CLIENT_TIMEOUT = 5.0

#: Seconds to wait after a failed accept.
RETRY_AFTER = 0.1


class HealthServer:
    """Answers 200 while all checks pass, else 503 with one reason per line."""

    def __init__(self, address: tuple[str, int], metrics: Metrics) -> None:
        self._live: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}
        self._pages: dict[str, Callable[[str], Page]] = {
            "/healthz": lambda _: _verdict(self._live),
            "/readyz": lambda _: _verdict(self._ready),
            "/metrics": lambda accept: (200, *metrics.page(accept)),
        }
        self._server = _Server(address, self._handler())
        serve = self._server.accept_forever
        self._thread = threading.Thread(target=serve, name="health", daemon=True)

    def live(self, name: str, check: Check) -> None:
        """Add a liveness check. If it fails, the process should be restarted."""
        self._live[name] = check

    def ready(self, name: str, check: Check) -> None:
        """Add a readiness check. If it fails, the process should get no work."""
        self._ready[name] = check

    def start(self) -> None:
        """Serve, in a thread of its own."""
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
                accept = self.headers.get("Accept", "")
                status, media_type, body = page(accept) if page else NOT_FOUND
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
                logger.debug(format, *args)

        return Handler


def health_server(service: str, settings: CommonSettings, metrics: Metrics) -> HealthServer:
    """Take the health port, or end the process with one line."""
    host, port = settings.health_host, settings.health_port
    try:
        return HealthServer((host, port), metrics)
    except OSError as error:
        raise cannot_listen(service, "HEALTH_PORT", host, port, error) from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    #: The accept backlog. The default of 5 makes a probe in a burst of clients take 1 s.
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self._stopped = False
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's DNS query for the name of the host."""
        TCPServer.server_bind(self)

    def accept_forever(self) -> None:
        """Serve until `stop`.

        socketserver chooses its selector at import. If eventlet patches the standard library
        later, socketserver's own loop would block all green threads.
        """
        while not self._stopped:
            try:
                request, address = self.get_request()
                self.process_request(request, address)
            except (OSError, RuntimeError) as error:  # the process is out of files or threads
                if not self._stopped:
                    logger.warning("health port: accept failed (%r); retrying", error)
                    time.sleep(RETRY_AFTER)

    def stop(self) -> None:
        """Wake the loop and close the port."""
        self._stopped = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        logger.debug("health port: a client has closed its connection (%r)", sys.exc_info()[1])


def _verdict(checks: dict[str, Check]) -> Page:
    asked = ((name, _complaint(check)) for name, check in checks.items())
    wrong = [f"{name}: {complaint}" for name, complaint in asked if complaint]
    return (503, PLAIN, ("\n".join(wrong) + "\n").encode()) if wrong else (200, PLAIN, b"ok\n")


def _complaint(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:
        logger.exception("health port: a check raised; it counts as failed")
        return repr(error)
