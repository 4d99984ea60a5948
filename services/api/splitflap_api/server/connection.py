"""One client connection: its requests in turn, and the decision whether it stays open.

The decision precedes the head of each response, so that `Connection` says what the server does. The
next request starts where the unread part of the body ends. So the server drops a small unread part,
and closes the connection otherwise: docs/adr/0018 has the cases.
"""

import errno
import logging
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gunicorn.config import Config
from gunicorn.http.unreader import SocketUnreader
from gunicorn.http.wsgi import create

from splitflap_api.contract.problems import Problem
from splitflap_api.overload.connection_limits import CONNECTION, HeldConnection
from splitflap_api.overload.raw_response import raw_response
from splitflap_api.overload.slots import lent_slot
from splitflap_api.server import green
from splitflap_api.server.client_socket import ClientSocket
from splitflap_api.server.gunicorn_types import Address
from splitflap_api.server.request import HeadRefused, Request
from splitflap_api.server.request_body import RequestBody
from splitflap_api.server.response import Response

#: Seconds for the end of a body of chunks that the application did not read.
UNWANTED_WAIT = 1.0

#: Seconds in which a client's network acknowledges no byte, or its full receive buffer takes none.
#: Without this limit, Linux keeps the stream of a client without a network for 15 minutes.
NO_ACKNOWLEDGEMENT = 60.0

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

#: Errors of a socket whose client has gone.
_GONE = {
    errno.EPIPE,
    errno.ECONNRESET,
    errno.ENOTCONN,
    errno.ETIMEDOUT,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
}

logger = logging.getLogger(__name__)

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Application:
    """The application behind a listener."""

    wsgi: Wsgi
    cfg: Config
    server_address: Address
    is_stopping: Callable[[], bool]


class Connection:
    """Serves one client."""

    def __init__(
        self, app: Application, client: ClientSocket, held: HeldConnection, address: Address
    ) -> None:
        self._app = app
        self._client = client
        self._held = held
        self._address = address
        self._unreader = SocketUnreader(client)

    def serve(self) -> None:
        """Serve requests until the client or the server closes the connection."""
        try:
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            milliseconds = round(1000 * NO_ACKNOWLEDGEMENT)
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
            while self._serve_next():
                pass
        except OSError as error:
            if error.errno not in _GONE:
                logger.exception("connection: the client's socket failed")

    def _serve_next(self) -> bool:
        """Serve a request. Return whether the connection stays open."""
        try:
            request = Request(self._app.cfg, self._unreader, self._address)
        except HeadRefused as refused:
            self._refuse(refused.problem, refused.method)
            return False
        except TimeoutError:
            self._refuse(Problem("request-timeout", "the head came too slowly"), None)
            return False
        except (StopIteration, OSError):  # the client has gone
            return False
        self._held.begin()
        if self._client.pipelined:
            # Other clients are served between two requests of a client that pipelines.
            green.sleep(0)
        self._client.begin_body()
        request.body.on_continue(lambda: self._client.sendall(CONTINUE))
        if not self._answer(request) or not self._drop_rest(request):
            return False
        self._client.end_request(next_has_begun=bool(self._unreader.buf.getbuffer().nbytes))
        return True

    def _answer(self, request: Request) -> bool:
        app = self._app
        response, environ = create(
            request, self._client, self._address, app.server_address, app.cfg, Response
        )
        environ[CONNECTION] = self._held
        try:
            body = app.wsgi(environ, response.start_response)
            self._send(request, response, environ, body)
        except OSError:
            raise
        except Exception:
            logger.exception(
                "%s %s: failed outside of the application", request.method, request.path
            )
            if not response.begun:
                problem = Problem("internal", "unexpected error; the service has logged it")
                self._refuse(problem, request.method)
            return False
        return not response.should_close()

    def _send(
        self, request: Request, response: Response, environ: dict[str, Any], body: Iterable[bytes]
    ) -> None:
        try:
            if not self._stays_open(request, response, environ):
                response.force_close()
            for piece in body:
                response.write(piece)
            response.close()
        finally:
            if close := getattr(body, "close", None):
                close()

    def _stays_open(self, request: Request, response: Response, environ: dict[str, Any]) -> bool:
        """Whether the next request is read from this connection."""
        # Only an event stream has an unknown length. It ends with its key, or with the process.
        stays = not (response.should_close() or response.chunked)
        stays = stays and self._can_find_next(request.body, environ) and not self._app.is_stopping()
        return self._held.answered(stays=stays)

    def _can_find_next(self, body: RequestBody, environ: dict[str, Any]) -> bool:
        """Whether the next request begins at a known place, or soon will."""
        if body.is_unread_chunks:
            self._client.hurry(UNWANTED_WAIT)
            with lent_slot(environ, has_response=True):
                return body.drop()
        return body.ended or body.is_droppable

    def _drop_rest(self, request: Request) -> bool:
        if request.body.ended:
            return True
        self._client.begin_dropping()
        return request.body.drop()

    def _refuse(self, problem: Problem, method: str | None) -> None:
        with suppress(OSError):
            self._client.sendall(raw_response(problem, close=True, has_body=method != "HEAD"))
