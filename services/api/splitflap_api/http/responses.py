"""Responses of views."""

from typing import Any

import msgspec
from flask import Response

#: A body, its status and its headers, as Flask takes them from a view.
JsonResponse = tuple[bytes, int, dict[str, str]]


def json_of(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> JsonResponse:
    """The value as JSON."""
    all_headers = {"Content-Type": "application/json", **(headers or {})}
    return msgspec.json.encode(value), status, all_headers


def no_content() -> Response:
    """204, without the Content-Type that Flask adds."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response
