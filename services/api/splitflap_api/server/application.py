"""gunicorn's application: an arbiter and one worker, configured in code."""

import logging
import resource
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from splitflap_core.logs import configure

from splitflap_api.server.arbiter import SignalSafeArbiter
from splitflap_api.server.green import GreenWaiters
from splitflap_api.server.request import MAX_FIELD, MAX_FIELDS, MAX_LINE
from splitflap_api.server.worker import EventletWorker
from splitflap_api.settings import ApiSettings

if TYPE_CHECKING:  # sqlalchemy and prometheus_client must be imported after the patch
    from splitflap_api.loops.waiters import Waiters
    from splitflap_api.overload.admission import Admission

#: Connections queued in the kernel for accept(2).
BACKLOG = 2048

#: Seconds without a heartbeat until the arbiter replaces the worker: its hub is blocked.
WORKER_TIMEOUT = 30

#: Seconds beyond STOP_GRACE until the arbiter kills the worker. The service drains its queues
#: meanwhile.
DRAIN = 20

#: Files of a process beside its client connections: database, broker, health, logs, libraries.
OTHER_FILES = 200

logger = logging.getLogger(__name__)


class ServedService(Protocol):
    """The service, as the server starts, serves and stops it."""

    settings: ApiSettings

    def wsgi(self) -> "Admission":
        """The WSGI application, with admission around it."""

    def start(self) -> None:
        """Start in the background, even before the database answers."""

    def end_streams(self) -> None:
        """End event streams and waits for tasks."""

    def stop(self) -> None:
        """Stop the rest, after the last request."""


#: Makes the service in the worker, after its patch.
ServiceFactory = Callable[[ApiSettings, "Waiters"], ServedService]


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Sends gunicorn's messages to the service's log."""

    def setup(self, cfg: Any) -> None:  # noqa: ARG002 - gunicorn's signature
        self.error_log.propagate = True
        self.error_log.handlers.clear()
        self.access_log.handlers.clear()
        self.access_log.propagate = False

    def access(self, *_: Any) -> None:
        """Log nothing: metrics count and time the requests."""


class ApiApplication(BaseApplication):  # type: ignore[misc]  # as above
    """The API under gunicorn."""

    def __init__(self, settings: ApiSettings, new_service: ServiceFactory) -> None:
        self._settings = settings
        self._new_service = new_service
        self.service: ServedService | None = None
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        for name, value in {
            "bind": f"{host}:{settings.port}",
            "workers": 1,
            "worker_class": EventletWorker,
            "worker_connections": affordable_connections(settings.max_connections),
            "backlog": BACKLOG,
            "http_parser": "python",
            "limit_request_line": MAX_LINE,
            "limit_request_fields": MAX_FIELDS,
            "limit_request_field_size": MAX_FIELD,
            "timeout": WORKER_TIMEOUT,
            "graceful_timeout": int(settings.stop_grace) + DRAIN,
            "logger_class": JsonLogger,
            "control_socket_disable": True,
            # No proxy is trusted: request headers never change the client's address or scheme.
            "forwarder_headers": "",
            "forwarded_allow_ips": "",
            "proc_name": "splitflap-api",
        }.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until a signal stops the process."""
        SignalSafeArbiter(self).run()

    def load(self) -> "Admission":
        """Make the service. gunicorn calls this in the worker, after its patch."""
        configure("api", self._settings.log_level)
        self.service = self._new_service(self._settings, GreenWaiters())
        return self.service.wsgi()


def affordable_connections(wanted: int) -> int:
    """Raise the process's limit of open files, and lower `wanted` to it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = max(1, hard - OTHER_FILES) if hard != resource.RLIM_INFINITY else wanted
    if most < wanted:
        logger.warning(
            "MAX_CONNECTIONS is %d, but the process may open %d files; using %d connections",
            wanted,
            hard,
            most,
        )
    return min(wanted, most)
