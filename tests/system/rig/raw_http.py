"""HTTP by hand, for what no client library would send, and for what they hide of an answer."""

import contextlib
import http.client
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urlsplit

#: Seconds until the other side must have said something.
TIMEOUT = 30.0

#: Headers that belong to the connection or the moment, not to the response.
VOLATILE = {"date", "server", "connection"}


@dataclass(frozen=True)
class RawResponse:
    """A response as it came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def stable(self) -> "RawResponse":
        """Without what may differ between two times that it is asked for."""
        kept = [each for each in self.headers if each[0].lower() not in VOLATILE]
        return RawResponse(self.status, tuple(sorted(kept)), self.body)


class RawConnection:
    """One connection, on which any bytes can be sent."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port or 80), TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are; a peer that has gone is found out by reading."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def end_sending(self) -> None:
        """Say that no more will come, to whoever still listens."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def response(self, method: str = "GET") -> RawResponse:
        """The next response; those of status 1xx are passed over."""
        return self.responses(method)[0]

    def responses(self, *methods: str) -> list[RawResponse]:
        """The next responses, to requests of these methods."""
        # HTTPResponse makes a file of its own of a socket, and reads ahead with it.
        with self._socket.makefile("rb") as file:
            return [_read_answer(file, method) for method in methods]

    def read_line(self) -> bytes:
        """The next line, without reading beyond it."""
        read = bytearray()
        while not read.endswith(b"\n"):
            byte = self._socket.recv(1)
            if not byte:
                break
            read += byte
        return bytes(read)

    def is_closed(self) -> bool:
        """Wait until the other side has closed; False if it says something instead."""
        try:
            return not self._socket.recv(1)
        except ConnectionResetError:
            return True


class _Lent:
    """A file in the place of a socket, which a response reads but does not close."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read, self.readline, self.readinto = file.read, file.readline, file.readinto  # type: ignore[attr-defined]  # buffered files have it
        self.read1, self.peek = file.read1, file.peek  # type: ignore[attr-defined]  # as above

    def makefile(self, _mode: str) -> Self:
        """What a response asks of a socket."""
        return self

    def flush(self) -> None:
        """Nothing was written."""

    def close(self) -> None:
        """Others read on."""


def _read_answer(file: BinaryIO, method: str) -> RawResponse:
    response = http.client.HTTPResponse(_Lent(file), method=method)  # type: ignore[arg-type]  # all it asks
    response.begin()
    return RawResponse(response.status, tuple(response.getheaders()), response.read())


def head(method: str, path: str, key: str | None, *lines: str) -> bytes:
    """A request's head."""
    authorization = [] if key is None else [f"Authorization: Bearer {key}"]
    all_lines = [f"{method} {path} HTTP/1.1", "Host: test", *authorization, *lines, "", ""]
    return "\r\n".join(all_lines).encode()


def request(
    url: str, method: str, path: str, key: str | None, *lines: str, body: bytes = b""
) -> RawResponse:
    """One request on a connection of its own."""
    with RawConnection(url) as wire:
        wire.send(head(method, path, key, *lines, f"Content-Length: {len(body)}") + body)
        return wire.response(method)
