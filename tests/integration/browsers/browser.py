"""A browser as far as the API sees one: requests with every header as the test has it."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Seconds to wait for an answer.
PATIENCE = 30.0

PAGE = {"Splitflap-Page": "1"}


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The slug of a problem."""
        return str(self.json["type"]).rpartition("/")[2]

    @property
    def cookie(self) -> tuple[str, str, dict[str, str]]:
        """Name, value and attributes of the cookie that this response sets."""
        (header,) = self.headers.get_all("Set-Cookie") or []
        (name, _, value), *attributes = (part.partition("=") for part in header.split("; "))
        return name, value, {each: of for each, _, of in attributes}


@dataclass
class Browser:
    """Sends requests to one port. It keeps a cookie, but the tests say what it sends beside it."""

    port: int
    #: The value of Host, as in the address bar.
    host: str = ""
    https: bool = False
    cookie: str = ""

    @property
    def origin(self) -> str:
        """The origin of the page."""
        return f"{'https' if self.https else 'http'}://{self.host or f'127.0.0.1:{self.port}'}"

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str | list[str]] | None = None,
        body: Any = None,
    ) -> Answer:
        """Send a request. A list has a line for each value."""
        sent: dict[str, str | list[str]] = {"Host": self.host or f"127.0.0.1:{self.port}"}
        if self.https:
            sent["X-Forwarded-Proto"] = "https"
        if self.cookie:
            sent["Cookie"] = self.cookie
        data = b""
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if body is not None or method in {"POST", "PUT", "PATCH"}:
            sent["Content-Length"] = str(len(data))
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                for each in [value] if isinstance(value, str) else value:
                    connection.putheader(name, each)
            connection.endheaders(data)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def log_in(self, key: str) -> Any:
        """Exchange the key for a cookie, and keep it. Returns the session."""
        answer = self.send("POST", "/v1/session", PAGE, {"key": key})
        assert answer.status == 201, answer.body
        name, value, _ = answer.cookie
        self.cookie = f"{name}={value}"
        return answer.json
