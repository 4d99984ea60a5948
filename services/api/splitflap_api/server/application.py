"""gunicorn, told in code what Splitflap needs; there is no configuration file of its own."""

import logging
import resource
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from splitflap_core.logs import configure

from splitflap_api.server.worker import EventletWorker
from splitflap_api.settings import ApiSettings

#: Connections that the kernel queues while none is accepted.
BACKLOG = 2048

#: Seconds without a heartbeat after which the arbiter replaces the worker: its hub is blocked.
WORKER_TIMEOUT = 30

#: Seconds that the arbiter waits longer than the worker's own grace, for its queues to drain.
DRAIN = 20


#: Files that a process opens beside its clients: database, broker, health port, logs, libraries.
OTHER_FILES = 200

logger = logging.getLogger(__name__)


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's messages among ours; requests are counted, not logged."""

    def setup(self, cfg: Any) -> None:  # noqa: ARG002 - gunicorn's signature
        self.error_log.propagate = True
        self.error_log.handlers.clear()
        self.access_log.handlers.clear()
        self.access_log.propagate = False

    def access(self, *_: Any) -> None:
        """Nothing: metrics say how many and how fast, errors are logged where they are made."""


class ApiApplication(BaseApplication):  # type: ignore[misc]  # as above
    """The API under gunicorn: an arbiter and one worker."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self.service: Any = None
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        for name, value in {
            "bind": f"{host}:{settings.port}",
            "workers": 1,
            "worker_class": EventletWorker,
            "worker_connections": _connections(settings.max_connections),
            "backlog": BACKLOG,
            "keepalive": 1,
            "timeout": WORKER_TIMEOUT,
            "graceful_timeout": int(settings.stop_grace) + DRAIN,
            "logger_class": JsonLogger,
            "control_socket_disable": True,
            # No proxy speaks for its clients here: no header changes what a request is.
            "forwarder_headers": "",
            "forwarded_allow_ips": "",
            "proc_name": "splitflap-api",
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # In the worker, after its patch: nothing of the service is imported before.
        from splitflap_api.server.green import GreenWaiters
        from splitflap_api.service import ApiService

        configure("api", self._settings.log_level)
        self.service = ApiService(self._settings, GreenWaiters())
        return self.service.wsgi()


def _connections(wanted: int) -> int:
    """As many as there are files for, once this process's limit is as high as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = max(1, hard - OTHER_FILES) if hard != resource.RLIM_INFINITY else wanted
    if most < wanted:
        logger.warning(
            "MAX_CONNECTIONS is %d, and %d are taken: no more than %d files may be open",
            wanted,
            most,
            hard,
        )
    return min(wanted, most)
