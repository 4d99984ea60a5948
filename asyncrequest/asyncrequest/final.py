"""A final response, frozen: made of whatever a Flask view may return, thawed for each client."""

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
    """What the original view would have answered in the end.

    `headers` keep their order, and names that come more than once, such as Set-Cookie.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, value: Any) -> "Final":
        """From what a Flask view may return: a response or a body, alone or with status, headers.

        Raises:
            TypeError: it is nothing that a view may return.
            ValueError: a header has a line break, or the status says that there is more to come.
        """
        if isinstance(value, cls):
            return value
        body, status, headers = _parts(value)
        response = _response_of(body)
        if status is not None:
            response.status = status
        if headers is not None:
            # Names given here replace the response's own, all of a name's values at once.
            response.headers.update(Headers(headers))
        return cls._frozen(response)

    @classmethod
    def _frozen(cls, response: AnyResponse) -> "Final":
        status = response.status_code
        if status < HTTPStatus.OK or status == HTTPStatus.ACCEPTED:
            raise ValueError(f"{status} is no status of a final response")
        response.direct_passthrough = False
        body = response.get_data()
        response.close()
        # The length is said when the response is given out.
        dropped = {"content-length"}
        if status in _BODILESS:
            body = b""
            dropped.add("content-type")
        kept = tuple(pair for pair in response.headers if pair[0].lower() not in dropped)
        return cls(status, kept, body)

    def response(self) -> Response:
        """As a response of Flask's."""
        response = Response(self.body, self.status)
        response.headers = Headers(self.headers)
        return response


def _parts(value: Any) -> tuple[Any, Any, Any]:
    """Body, status and headers, told apart as Flask does."""
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
