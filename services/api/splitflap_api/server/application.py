"""gunicorn, told in code what Splitflap needs; there is no configuration file of its own."""

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
            "worker_connections": settings.max_connections,
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
        from splitflap_api.green import WaitingRoom
        from splitflap_api.service import Service

        configure("api", self._settings.log_level)
        self.service = Service(self._settings, WaitingRoom())
        return self.service.wsgi()
