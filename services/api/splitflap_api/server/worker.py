"""gunicorn's worker on eventlet. gunicorn has none of its own since release 26.

gunicorn supplies the parser, the WSGI environment and the life of the process. This class accepts
connections, gives each a green thread, and stops in order.
"""

import contextlib
import gc
import os
import socket
import time
from contextlib import AbstractContextManager
from types import FrameType
from typing import TYPE_CHECKING

from gunicorn.http.errors import ParseException
from gunicorn.workers.base_async import AsyncWorker

from splitflap_api.contract.problems import Problem
from splitflap_api.overload.raw_response import raw_response
from splitflap_api.server import green
from splitflap_api.server.client_socket import READ_SIZE, ClientSocket
from splitflap_api.server.clients import OpenClients
from splitflap_api.server.gunicorn_types import Address, Listener, ParsedRequest

if TYPE_CHECKING:  # prometheus_client must be imported after the patch
    from splitflap_api.overload.admission import Admission
    from splitflap_api.server.application import ServedService

#: Seconds between two heartbeats to gunicorn's arbiter. The loop also checks whether to stop.
BEAT = 0.5

#: Seconds until the next try after accept(2) failed.
ACCEPT_PAUSE = 0.1

#: Bytes of an unread body read to keep the connection: more than MAX_BODY.
UNWANTED = 524_288


class EventletWorker(AsyncWorker):  # type: ignore[misc]  # gunicorn has no types
    """One process with many green threads."""

    def init_process(self) -> None:
        # Before gunicorn imports the application: its imports must find the patched modules.
        green.patch()
        self.alive: bool = True
        super().init_process()

    def run(self) -> None:
        """Serve until gunicorn stops the worker, then stop in order."""
        service: ServedService = self.app.service
        self._clients = self._open_clients(self.wsgi)
        self._body_deadline = service.settings.body_deadline
        pool = green.pool(self.worker_connections)
        listeners = [ClientSocket(listener.sock) for listener in self.sockets]
        acceptors = [green.spawn(self._accept, listener, pool) for listener in listeners]
        service.start()
        # Objects made so far live as long as the process. A full collection took 0.1 s at times.
        gc.collect()
        gc.freeze()
        self._beat_until_stopped()
        self._stop(service, acceptors, listeners, pool)

    def _open_clients(self, admission: "Admission") -> OpenClients:
        from splitflap_api.overload.unread_refusals import UnreadRefusals

        gate = green.client_gate()
        clients = OpenClients(gate, admission, UnreadRefusals(admission))
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

    def handle(self, listener: Listener, client: ClientSocket, addr: Address) -> None:
        """Serve a connection, from its first request to its end."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.body_deadline = self._body_deadline
        fileno = self._clients.add(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self._clients.remove(fileno)

    def handle_request(
        self, listener_name: Address, req: ParsedRequest, sock: ClientSocket, addr: Address
    ) -> bool:
        """Serve a request after its head was parsed."""
        if sock.pipelined:
            # Other clients are served between two requests of a client that pipelines.
            green.sleep(0)
        sock.begin_body()
        answered: bool = super().handle_request(listener_name, req, sock, addr)
        if not _finish_body(req):
            raise StopIteration  # gunicorn closes the connection
        sock.end_request(next_has_begun=bool(req.unreader.buf.getbuffer().nbytes))
        return answered

    def handle_error(  # gunicorn's signature
        self,
        req: ParsedRequest | None,  # noqa: ARG002
        client: ClientSocket,
        addr: Address,  # noqa: ARG002
        exc: BaseException,
    ) -> None:
        """Answer a request outside of WSGI with a problem."""
        if isinstance(exc, green.Killed):
            return
        if isinstance(exc, ParseException):
            problem = Problem("bad-request", f"the request is not valid HTTP: {exc}")
        else:
            self.log.error("request failed outside of the application", exc_info=exc)
            problem = Problem("internal", "unexpected error; the service has logged it")
        with contextlib.suppress(OSError):
            client.sendall(raw_response(problem, close=True))

    def timeout_ctx(self) -> AbstractContextManager[None]:
        """No timeout: the client's socket has deadlines of its own."""
        return green.no_timeout()

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C stops in order too."""
        self.handle_exit(sig, frame)

    def _accept(self, listener: Listener, pool: green.GreenPool) -> None:
        while True:
            try:
                client, addr = listener.accept()
            except OSError as error:
                # The process has no free descriptor, or the client has closed the connection: see
                # accept(2).
                self.log.error("cannot accept a connection: %s", error)  # noqa: TRY400 - one line is enough
                green.sleep(ACCEPT_PAUSE)
                continue
            # Blocks while `worker_connections` are open; more connections queue in the kernel.
            pool.spawn_n(self.handle, listener, client, addr)


def _finish_body(req: ParsedRequest) -> bool:
    """Read the rest of a body before the next head. Return whether it ended in time."""
    left = UNWANTED
    # A body that failed before is at its end here, and gunicorn closes the connection.
    try:
        while data := req.body.read(min(left, READ_SIZE)):
            left -= len(data)
            if left <= 0:
                return False
    except (OSError, ParseException):
        return False
    return True
