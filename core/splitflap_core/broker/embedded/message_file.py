"""The file of a message: one line with the headers as JSON, then the body as it was sent."""

import base64
import json
from typing import Any


def encode(headers: dict[str, Any], body: bytes) -> bytes:
    """The content of a message's file."""
    return json.dumps(headers).encode() + b"\n" + body


def decode(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The headers and the body. A malformed file is a body, so that its receiver refuses it."""
    line, separator, body = content.partition(b"\n")
    try:
        headers = json.loads(line)
        if separator:
            return (headers, body) if isinstance(headers, dict) else ({}, content)
        return _decode_kombu(headers)
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}, content


def _decode_kombu(payload: Any) -> tuple[dict[str, Any], bytes]:
    """The file of a release before 0.2: a message of kombu on a single line."""
    if payload["properties"]["body_encoding"] != "base64":
        raise ValueError
    return dict(payload["headers"]), base64.b64decode(payload["body"], validate=True)
