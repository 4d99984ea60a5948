"""HTTP written byte by byte: for broken requests, and for the exact bytes of a response."""

import contextlib
import http.client
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urlsplit

from . import described

#: Seconds until the server must have sent something.
READ_TIMEOUT = 30.0

#: Headers of the connection or of the moment. They may differ between two reads of one response.
VOLATILE = {"date", "server", "connection"}


@dataclass(frozen=True)
class RawResponse:
    """A response as the server sent it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header with this name."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def stable(self) -> "RawResponse":
        """The part that must be the same each time: without VOLATILE headers, and sorted."""
        kept = [each for each in self.headers if each[0].lower() not in VOLATILE]
        return RawResponse(self.status, tuple(sorted(kept)), self.body)


class RawConnection:
    """One connection that sends any bytes."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port or 80), READ_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes. A closed connection is ignored here; the next read finds it."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def end_sending(self) -> None:
        """Shut down the sending half of the connection."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def response(self, method: str = "GET") -> RawResponse:
        """Read the next response to a request with this method. Status 1xx is skipped."""
        return self.responses(method)[0]

    def responses(self, *methods: str) -> list[RawResponse]:
        """Read the next responses, one for each method."""
        # A socket's own HTTPResponse would read ahead into the next response.
        with self._socket.makefile("rb") as file:
            return [_read_response(file, method) for method in methods]

    def read_line(self) -> bytes:
        """Read one line, and no byte more. Empty if the server has closed."""
        read = bytearray()
        while not read.endswith(b"\n"):
            byte = self._socket.recv(1)
            if not byte:
                break
            read += byte
        return bytes(read)

    def is_closed(self) -> bool:
        """Wait until the server closes the connection; False if it sends a byte instead."""
        try:
            return not self._socket.recv(1)
        except ConnectionResetError:
            return True


class _SharedFile:
    """Gives one file to several HTTPResponse objects, in the place of a socket."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read, self.readline, self.readinto = file.read, file.readline, file.readinto  # type: ignore[attr-defined]  # buffered files have it
        self.read1, self.peek = file.read1, file.peek  # type: ignore[attr-defined]  # as above

    def makefile(self, _mode: str) -> Self:
        """Stand in for the file that a response takes from a socket."""
        return self

    def flush(self) -> None:
        """Do nothing: the file is only read."""

    def close(self) -> None:
        """Do nothing: the next response reads on."""


def _read_response(file: BinaryIO, method: str) -> RawResponse:
    shared = _SharedFile(file)
    response = http.client.HTTPResponse(shared, method=method)  # type: ignore[arg-type]  # it only calls makefile
    response.begin()
    return RawResponse(response.status, tuple(response.getheaders()), response.read())


def head(method: str, path: str, key: str | None, *lines: str) -> bytes:
    """The head of a request, up to its empty line."""
    authorization = [] if key is None else [f"Authorization: Bearer {key}"]
    all_lines = [f"{method} {path} HTTP/1.1", "Host: test", *authorization, *lines, "", ""]
    return "\r\n".join(all_lines).encode()


def request(
    url: str, method: str, path: str, key: str | None, *lines: str, body: bytes = b""
) -> RawResponse:
    """Send one request on a connection of its own. `lines` are more header lines."""
    with RawConnection(url) as connection:
        connection.send(head(method, path, key, *lines, f"Content-Length: {len(body)}") + body)
        response = connection.response(method)
    described.check(url, method, path, response.status, response.headers, lambda: response.body)
    return response
