"""A response: gunicorn's, with the fields of all responses, and sent in few pieces."""

from typing import Any

from gunicorn.http import wsgi

from splitflap_api.overload.raw_response import ALWAYS, date

#: Bytes. A longer piece of a body is sent after the head, without a copy.
_COPIED = 65_536


class Response(wsgi.Response):  # type: ignore[misc]  # gunicorn has no types
    """A response to one request. Its head is sent together with the first piece of the body."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.headers_sent: bool = False
        self._unsent_head = b""
        #: Whether bytes of the response have been sent.
        self.begun = False

    def default_headers(self) -> list[str]:
        names = {name.lower() for name, _ in self.headers}
        fields = {
            "Server": self.version,
            "Date": date(),
            "Connection": "close" if self.should_close() else "keep-alive",
            **{name: value for name, value in ALWAYS.items() if name.lower() not in names},
        }
        if self.chunked:
            fields["Transfer-Encoding"] = "chunked"
        lines = [f"{name}: {value}\r\n" for name, value in fields.items()]
        # A server's own version, also to an older client (RFC 9110, section 2.5).
        return [f"HTTP/1.1 {self.status}\r\n", *lines]

    def send_headers(self) -> None:
        if self.headers_sent:
            return
        lines = [*self.default_headers(), *(f"{k}: {v}\r\n" for k, v in self.headers), "\r\n"]
        self._unsent_head = "".join(lines).encode("latin-1")
        self.headers_sent = True

    def close(self) -> None:
        """Send what is left of the response."""
        self.send_headers()
        self._send(b"0\r\n\r\n" if self.chunked else b"")

    def _emit_body(self, data: bytes) -> None:
        self._send(b"%X\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def _send(self, data: bytes) -> None:
        head, self._unsent_head = self._unsent_head, b""
        self.begun = True
        if len(data) <= _COPIED:
            head, data = head + data, b""
        for piece in (head, data):
            if piece:
                self.sock.sendall(piece)
