"""A receiver of webhooks: it keeps what arrives, and answers as a test says."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Arrived:
    """One request, as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        """The webhook-id."""
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    def is_signed_by(self, secret: str) -> bool:
        """Whether one of the signatures is of this secret, by the specification's own words."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{digest}" in self.headers["webhook-signature"].split()


#: Gives the status of a request, and may wait. None closes the connection without an answer.
Answer = Callable[[Arrived], int | None]


class Receiver:
    """A web server on a free port of 127.0.0.1. `answer` may be changed at any time."""

    def __init__(self, port: int = 0, arrived: list[Arrived] | None = None) -> None:
        """`arrived` gets the requests, beside those of an earlier receiver."""
        self.arrived: list[Arrived] = [] if arrived is None else arrived
        self.answer: Answer = lambda _arrived: 204
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def url(self, path: str = "hook") -> str:
        """The URL of a path."""
        return f"http://127.0.0.1:{self.port}/{path}"

    def at(self, path: str) -> list[Arrived]:
        """The requests to a path."""
        return [each for each in list(self.arrived) if each.path == f"/{path}"]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            arrived = Arrived(self.path, headers, body)
            receiver.arrived.append(arrived)
            status = receiver.answer(arrived)
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", receiver.url("elsewhere"))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return Handler
