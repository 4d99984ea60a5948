"""Responses of views."""

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Response

#: A body, its status and its headers, as Flask takes them from a view.
JsonResponse = tuple[bytes, int, dict[str, str]]


#: A client may keep the response, and asks again before each use. Shared caches may not keep it.
REVALIDATED = {"Cache-Control": "private, no-cache"}


_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def json_of(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> JsonResponse:
    """The value as JSON."""
    return bytes_of(msgspec.json.encode(value), status, headers)


def bytes_of(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> JsonResponse:
    """JSON that is encoded already. Caches keep it only if `headers` say so."""
    return body, status, {**_JSON, **headers} if headers else _JSON


def no_content() -> Response:
    """204, without the Content-Type that Flask adds."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response
