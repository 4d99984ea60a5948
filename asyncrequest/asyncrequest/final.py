"""A final response: frozen from the return value of a view, and sent to every client alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as AnyResponse

_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


@dataclass(frozen=True)
class Final:
    """The final response of a task.

    `headers` keep their order. A name may come several times, as Set-Cookie does.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, value: Any) -> "Final":
        """Freeze the return value of a view: a response or a body, also with status and headers.

        Raises:
            TypeError: Flask would refuse the value too.
            ValueError: a header has a line break, or the status is 1xx or 202.
        """
        if isinstance(value, cls):
            return value
        body, status, headers = _parts(value)
        response = _response_of(body)
        if status is not None:
            response.status = status
        if headers is not None:
            # A name given here replaces all values of that name in the response.
            response.headers.update(Headers(headers))
        return cls._frozen(response)

    @property
    def etag(self) -> str | None:
        """The entity tag of the response, if it is a successful one with a tag."""
        if not is_success(self.status):
            return None
        return next((value for name, value in self.headers if name.lower() == "etag"), None)

    @classmethod
    def _frozen(cls, response: AnyResponse) -> "Final":
        status = response.status_code
        # Clients take 202 for a running task, and would poll for ever.
        if status < HTTPStatus.OK or status == HTTPStatus.ACCEPTED:
            raise ValueError(f"{status} is no status of a final response")
        response.direct_passthrough = False
        body = response.get_data()
        response.close()
        # Flask computes the length again for each client.
        dropped = {"content-length"}
        if status in _BODILESS:
            body = b""
            dropped.add("content-type")
        kept = tuple(pair for pair in response.headers if pair[0].lower() not in dropped)
        return cls(status, kept, body)

    def response(self) -> Response:
        """A new Flask response with this status, these headers and this body."""
        response = Response(self.body, self.status)
        response.headers = Headers(self.headers)
        return response


def is_success(status: int) -> bool:
    """Whether the status is 2xx."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def _parts(value: Any) -> tuple[Any, Any, Any]:
    """Body, status and headers, by the rules of Flask."""
    if not isinstance(value, tuple):
        return value, None, None
    match value:
        case (body, Headers() | dict() | list() | tuple() as headers):
            return body, None, headers
        case (body, status):
            return body, status, None
        case (body, status, headers):
            return body, status, headers
    raise TypeError(
        "expected (body, status), (body, headers) or (body, status, headers), "
        f"got a tuple of {len(value)}"
    )


def _response_of(body: Any) -> AnyResponse:
    if isinstance(body, AnyResponse):
        return body
    if isinstance(body, dict | list):
        return Response(msgspec.json.encode(body), content_type="application/json")
    if isinstance(body, str):
        return Response(body)
    if isinstance(body, bytes | bytearray):
        return Response(bytes(body))
    if isinstance(body, Iterable) and hasattr(body, "__next__"):
        return Response(body)
    raise TypeError(f"a final response cannot be made of {type(body).__name__}")
