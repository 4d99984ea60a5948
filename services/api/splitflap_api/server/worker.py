"""gunicorn's worker on eventlet: gunicorn 26 removed its own.

gunicorn supplies the parser, the WSGI environment and the life of the process; this class accepts
connections, gives each a green thread, and stops in the order that `run` shows.
"""

import contextlib
import gc
import os
import socket
import time
from functools import partial
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.base_async import AsyncWorker

from splitflap_api.contract.problems import Problem
from splitflap_api.overload.unread_refusals import UnreadRefusals, response
from splitflap_api.server import green
from splitflap_api.server.client_socket import READ_SIZE, ClientSocket

#: Seconds between heartbeats to gunicorn's arbiter, and between looks at whether to stop.
BEAT = 0.5

#: Seconds without accepting after the system would not.
PAUSE = 0.1

#: Seconds that a client may take for its response while others find no slot.
SLOW_READER = 2.0

#: Bytes of a body that nobody wanted that are read for the sake of the connection: more than the
#: largest that is taken.
UNWANTED = 524_288


class EventletWorker(AsyncWorker):  # type: ignore[misc]  # gunicorn has no types
    """One process, many green threads."""

    def init_process(self) -> None:
        # Before the application is imported: what it imports must find the patched modules.
        green.patch()
        self._clients: dict[int, ClientSocket] = {}
        self.alive: bool = True
        super().init_process()

    def run(self) -> None:
        """Serve until told to stop, then stop in the order that service.py writes down."""
        service = self.app.service
        ClientSocket.body_deadline = service.settings.body_deadline
        refusals = UnreadRefusals(self.wsgi)
        green.polls().room = self.wsgi.room
        green.polls().refuse = partial(self._refuse, refusals)
        green.polls().is_look = self._is_look
        pool = green.pool(self.worker_connections)
        listeners = [_green(listener) for listener in self.sockets]
        acceptors = [green.spawn(self._accept, listener, pool) for listener in listeners]
        service.start()
        # What is there from the start is looked at no more: that took 0.1 s now and then.
        gc.collect()
        gc.freeze()
        beat = time.monotonic()
        while self.alive:
            self.notify()
            if self.ppid != os.getppid():
                self.log.info("the arbiter is gone")
                break
            began, beat = beat, time.monotonic()
            # After a pause of this process nobody has had the time to take anything.
            if self.wsgi.room() <= 0 and beat - began < 2 * BEAT:
                for client in self.wsgi.slow_readers(SLOW_READER):
                    _hang_up(client, socket.SHUT_RDWR)
            green.sleep(BEAT)
        self.alive = False
        for acceptor, listener in zip(acceptors, listeners, strict=True):
            acceptor.kill()
            listener.close()
        service.end_streams()
        self._finish_requests(pool, service.settings.stop_grace)
        service.stop()

    def handle(self, listener: Any, client: ClientSocket, addr: Any) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = client.fileno()
        self._clients[number] = client
        green.polls().add_client(number)
        try:
            super().handle(listener, client, addr)
        finally:
            green.polls().remove_client(number)
            del self._clients[number]

    def _refuse(self, refusals: UnreadRefusals, number: int, away: bool) -> bool:
        client = self._clients.get(number)
        try:
            answer_to = refusals.now(away=away)
            return bool(answer_to and client and client.refuse(answer_to))
        except Exception:
            # In the hub it would be the end of the process.
            self.log.exception("a request could not be refused")
            return False

    def _is_look(self, number: int) -> bool:
        client = self._clients.get(number)
        return client is not None and client.begins_with(b"GET ")

    def handle_request(self, listener_name: Any, req: Any, sock: ClientSocket, addr: Any) -> bool:
        if not sock.has_read:
            # A client that pipelines: what is already here must not be all that is served.
            green.sleep(0)
        sock.has_read = False
        sock.begin_body()
        answered: bool = super().handle_request(listener_name, req, sock, addr)
        if not _finish_body(req):
            raise StopIteration  # by which gunicorn closes the connection
        sock.begin_next(has_begun=bool(req.unreader.buf.getbuffer().nbytes))
        return answered

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002 - gunicorn's signature
        """Answer what gunicorn could not read with a problem, as all that it could."""
        if isinstance(exc, green.Killed):
            return
        if isinstance(exc, ParseException):
            problem = Problem("bad-request", f"the request is not HTTP as it should be: {exc}")
        else:
            self.log.error("a request failed", exc_info=exc)
            problem = Problem("internal", "an error that was not foreseen")
        with contextlib.suppress(OSError):
            client.sendall(response(problem, close=True))

    def timeout_ctx(self) -> Any:
        """Nothing: the client's socket knows its deadlines."""
        return green.no_timeout()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Ctrl-C is a clean stop too."""
        self.handle_exit(sig, frame)

    def _accept(self, listener: Any, pool: Any) -> None:
        while True:
            try:
                client, addr = listener.accept()
            except OSError as error:
                # No descriptor is left, or the client has gone already: accept(2) lists many.
                self.log.error("cannot accept: %s", error)  # noqa: TRY400 - its place is known
                green.sleep(PAUSE)
                continue
            # Waits while `worker_connections` are open: the rest queues in the kernel.
            pool.spawn_n(self.handle, listener, client, addr)

    def _finish_requests(self, pool: Any, seconds: float) -> None:
        """Let what runs finish. Idle connections, which nobody answers any more, are closed."""
        with green.silent_timeout(seconds):
            while pool.running():
                self.notify()
                for client in list(self._clients.values()):
                    if client.idle:
                        _hang_up(client, socket.SHUT_RD)
                green.sleep(BEAT / 10)
            return
        self.log.warning("%d connections did not end in time", pool.running())


def _finish_body(req: Any) -> bool:
    """Read what the view has not, so that it is not taken for a request; whether that was all."""
    left = UNWANTED
    # A body that failed says here that it is at its end; gunicorn closes its connection.
    try:
        while data := req.body.read(min(left, READ_SIZE)):
            left -= len(data)
            if left <= 0:
                return False
    except (OSError, ParseException):
        return False
    return True


def _green(listener: Any) -> ClientSocket:
    """The green twin of a listening socket that the arbiter made."""
    return ClientSocket(listener.sock)


def _hang_up(client: ClientSocket, how: int) -> None:
    """Wake whoever waits for this client, to read or to write, with the end of the connection."""
    try:
        client.shutdown(how)
    except OSError:
        return
