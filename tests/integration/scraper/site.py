"""A real server on loopback, with canned responses."""

import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

#: Answers a request. It receives the connection and the text of the request.
Respond = Callable[[socket.socket, str], None]

#: The head of a page.
HEAD = "<head><title>T</title></head>"

OK = b"HTTP/1.1 200 OK\r\n"


def page(body: str | bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Make a response. Its default type is HTML."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", *headers]
    if not any(header.lower().startswith("content-type:") for header in headers):
        lines.append("Content-Type: text/html; charset=utf-8")
    return "\r\n".join([*lines, "", ""]).encode() + data


def redirect(location: str, status: str = "302 Found") -> bytes:
    """Make a redirect."""
    return page("", f"Location: {location}", status=status)


class Site:
    """A server with one answer for all requests, or a function for each."""

    def __init__(
        self,
        respond: Respond | bytes,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        #: Requests so far, and all connections, with or without a request.
        self.requests: list[str] = []
        self.connections = 0
        #: Server names in the clients' TLS handshakes.
        self.server_names: list[str | None] = []
        self.tls = tls
        if tls:
            tls.sni_callback = lambda _sock, name, _context: self.server_names.append(name)
        site = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                site.connections += 1
                with suppress(OSError):  # the client has closed the connection, as it should
                    site.answer(self.request, respond)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128
            block_on_close = False
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        self._server = Server((host, port), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, sock: socket.socket, respond: Respond | bytes) -> None:
        """Read a request, and answer it."""
        if self.tls:
            sock = self.tls.wrap_socket(sock, server_side=True)
        request = b""
        while b"\r\n\r\n" not in request:
            request += sock.recv(4096) or b"\r\n\r\n"
        self.requests.append(request.decode("latin-1"))
        if isinstance(respond, bytes):
            sock.sendall(respond)
        else:
            respond(sock, self.requests[-1])
        if self.tls:
            sock.close()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Return a URL of this site."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        """Close the listening socket."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def endless(begin: bytes, unit: bytes, pause: float = 0) -> Callable[[socket.socket, str], None]:
    """Send bytes until the client closes, 30 s at most."""

    def respond(sock: socket.socket, _request: str) -> None:
        end = time.monotonic() + 30
        sock.sendall(begin)
        while time.monotonic() < end:
            sock.sendall(unit)
            time.sleep(pause)

    return respond


MISSING = page("", status="404 X")


def paths(default: bytes, **answers: bytes) -> Respond:
    """Answer by the first word of the path. `index` is the path /, and `robots` is /robots.txt."""

    def respond(sock: socket.socket, request: str) -> None:
        path = request.split()[1].partition("?")[0].strip("/")
        word = {"": "index", "robots.txt": "robots"}.get(path, path.partition("/")[0])
        sock.sendall(answers.get(word, MISSING if word == "robots" else default))

    return respond
