"""A stub of the API: an HTTP server on loopback with prepared answers. It records requests."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class StubAnswer:
    """A prepared response; `drop` closes the connection instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    raw: bytes | None = None


@dataclass
class SentRequest:
    """A request that a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


def problem(status: int, title: str, detail: str, **members: Any) -> StubAnswer:
    """A problem of RFC 9457."""
    body = {"type": "/v1/problems/x", "title": title, "status": status, "detail": detail, **members}
    return StubAnswer(status, body)


#: The answer of a Splitflap to the request without a key, which precedes all others.
CHALLENGE = problem(401, "A key is needed", "expected Authorization: Bearer KEY")
CHALLENGE.headers["WWW-Authenticate"] = 'Bearer realm="splitflap"'


class StubApi:
    """Answers each request with the next answer for its method and path.

    A request without a key gets `challenge`. Those are in `probes`, all others in `requests`.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.requests: list[SentRequest] = []
        self.probes: list[SentRequest] = []
        self.challenge = [CHALLENGE]
        self._answers: dict[str, list[StubAnswer]] = {}
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def respond(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                sent = SentRequest(self.command, self.path, dict(self.headers), body)
                self.write(stub.answer(sent))

            do_GET = do_POST = do_PUT = do_DELETE = respond  # noqa: N815 - http.server's names

            def write(self, answer: StubAnswer) -> None:
                if answer.drop:
                    self.close_connection = True
                    return
                data = answer.raw
                if data is None:
                    data = b"" if answer.body is None else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer((host, port), Handler)

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://{self.server.server_address[0]!s}:{self.server.server_port}"

    def on(self, request: str, *answers: StubAnswer) -> None:
        """Set the answers to a request such as `GET /v1/keys`; the last one repeats.

        A request with a query gets the answers for its path, unless it has its own.
        """
        self._answers[request] = list(answers)

    def answer(self, sent: SentRequest) -> StubAnswer:
        """Record a request and return its next answer."""
        request = f"{sent.method} {sent.path}"
        answers = (
            self._answers.get(request)
            or self._answers.get(request.partition("?")[0])
            or [problem(404, "There is no such thing", request)]
        )
        if sent.path.startswith("/v1/") and "Authorization" not in sent.headers:
            self.probes.append(sent)
            answers = self.challenge
        else:
            self.requests.append(sent)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def sent(self, request: str) -> list[SentRequest]:
        """The recorded requests with a method and path."""
        return [each for each in self.requests if f"{each.method} {each.path}" == request]


@contextmanager
def stub_api(port: int = 0, host: str = "127.0.0.1") -> Iterator[StubApi]:
    """A stub that serves in a thread, on this port and address."""
    stub = StubApi(port, host)
    thread = threading.Thread(target=stub.server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield stub
    finally:
        stub.server.shutdown()
        thread.join()
        stub.server.server_close()
