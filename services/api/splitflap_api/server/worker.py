"""gunicorn's worker on eventlet. gunicorn has none of its own since release 26.

gunicorn supplies the parser, the WSGI environment and the life of the process. This class accepts
connections, gives each a green thread, and stops in order.
"""

import gc
import os
import signal
import time
from types import FrameType
from typing import TYPE_CHECKING

from gunicorn.workers.base import Worker

from splitflap_api.overload.connection_limits import ConnectionLimits
from splitflap_api.server import green
from splitflap_api.server.arbiter import STOP_SIGNALS
from splitflap_api.server.client_socket import ClientSocket
from splitflap_api.server.clients import OpenClients
from splitflap_api.server.connection import Application, Connection
from splitflap_api.server.gunicorn_types import Address, Listener

if TYPE_CHECKING:  # prometheus_client must be imported after the patch
    from splitflap_api.overload.admission import Admission
    from splitflap_api.server.application import ServedService
    from splitflap_api.settings import ApiSettings

#: Seconds between two heartbeats to gunicorn's arbiter. The loop also checks whether to stop.
BEAT = 0.5

#: Seconds until the next try after accept(2) failed.
ACCEPT_PAUSE = 0.1


class EventletWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """One process with many green threads."""

    def init_process(self) -> None:
        # Before gunicorn imports the application: its imports must find the patched modules.
        green.patch()
        self.alive: bool = True
        super().init_process()

    def init_signals(self) -> None:
        super().init_signals()
        # The arbiter blocked them before its fork (arbiter.py). A pending one comes now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def run(self) -> None:
        """Serve until gunicorn stops the worker, then stop in order."""
        service: ServedService = self.app.service
        admission: Admission = self.wsgi
        self._clients = self._open_clients(service.settings, admission)
        pool = green.pool(self.cfg.worker_connections)
        deadline = service.settings.body_deadline
        listeners = [
            ClientSocket(listener.sock, body_deadline=deadline) for listener in self.sockets
        ]
        acceptors = [green.spawn(self._accept, listener, pool) for listener in listeners]
        service.start()
        # Objects made so far live as long as the process. A full collection took 0.1 s at times.
        gc.collect()
        gc.freeze()
        self._beat_until_stopped()
        self._stop(service, acceptors, listeners, pool)

    def _open_clients(self, settings: "ApiSettings", admission: "Admission") -> OpenClients:
        from splitflap_api.overload.unread_refusals import UnreadRefusals

        size = self.cfg.worker_connections
        limits = ConnectionLimits(
            settings.max_connections_per_key or max(1, size // 4),
            settings.max_anonymous_connections or max(1, size // 2),
            admission.count_limited,
        )
        gate = green.client_gate()
        clients = OpenClients(gate, admission, UnreadRefusals(admission), limits)
        gate.configure(clients)
        return clients

    def _beat_until_stopped(self) -> None:
        beat = time.monotonic()
        while self.alive:
            self.notify()
            if self.ppid != os.getppid():
                self.log.info("worker: the arbiter has ended; stopping")
                break
            began, beat = beat, time.monotonic()
            # After a pause of this process, slow clients had no chance to read.
            if beat - began < 2 * BEAT:
                self._clients.hang_up_slow_readers()
            green.sleep(BEAT)

    def _stop(
        self,
        service: "ServedService",
        acceptors: list[green.GreenThread],
        listeners: list[ClientSocket],
        pool: green.GreenPool,
    ) -> None:
        """Stop in this order; service.py has the reasons and the steps of the service.

        1. Accept no new connection.
        2. End event streams and waits for tasks.
        3. Finish the running requests, within STOP_GRACE seconds. Close idle connections.
        4. Stop the service: loops, commits, publishing, database, health port.
        """
        self.alive = False
        self.log.info("stopping: the listeners")
        for acceptor, listener in zip(acceptors, listeners, strict=True):
            acceptor.kill()
            listener.close()
        self.log.info("stopping: streams and waits")
        service.end_streams()
        self.log.info("stopping: requests on %d connections", pool.running())
        self._finish_requests(pool, service.settings.stop_grace)
        self.log.info("stopping: the service")
        service.stop()
        self.log.info("stopped")

    def _finish_requests(self, pool: green.GreenPool, seconds: float) -> None:
        with green.silent_timeout(seconds):
            while pool.running():
                self.notify()
                self._clients.hang_up_idle()
                green.sleep(BEAT / 10)
            return
        self.log.warning("stopping: %d connections are still open after the grace", pool.running())

    def _serve(self, app: Application, client: ClientSocket, address: Address) -> None:
        """Serve a connection, from its first request to its end."""
        with self._clients.opened(client, address[0]) as held:
            try:
                Connection(app, client, held, address).serve()
            finally:
                client.close()

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C stops in order too."""
        self.handle_exit(sig, frame)

    def _accept(self, listener: Listener, pool: green.GreenPool) -> None:
        app = Application(self.wsgi, self.cfg, listener.getsockname(), lambda: not self.alive)
        while True:
            try:
                client, address = listener.accept()
            except OSError as error:
                # The process has no free descriptor, or the client has closed the connection: see
                # accept(2).
                self.log.error("cannot accept a connection: %s", error)  # noqa: TRY400 - one line is enough
                green.sleep(ACCEPT_PAUSE)
                continue
            # Blocks while `worker_connections` are open; more connections queue in the kernel.
            pool.spawn_n(self._serve, app, client, address)
