"""Compares responses with the OpenAPI document: status, media type, headers and body."""

import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import jsonschema_rs

PROBLEM = "application/problem+json"

#: Headers of HTTP itself, and hints for browsers and proxies. No client has use for their types.
GENERAL = {
    "allow",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "keep-alive",
    "server",
    "transfer-encoding",
    "vary",
    "x-accel-buffering",
    "x-content-type-options",
}


class Description:
    """The OpenAPI document of a running API."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._paths = [
            (re.compile(re.sub(r"{\w+}", "[^/]+", path)), item)
            for path, item in document["paths"].items()
        ]
        self._validator = cache(self._new_validator)

    def operation(self, method: str, path: str) -> Any:
        """The operation of a request, or None. HEAD is described as GET."""
        wanted = "get" if method == "HEAD" else method.lower()
        path = path.partition("?")[0]
        found = (item.get(wanted) for pattern, item in self._paths if pattern.fullmatch(path))
        return next(found, None)

    def check(
        self,
        method: str,
        path: str,
        status: int,
        headers: Iterable[tuple[str, str]],
        read: Callable[[], bytes],
    ) -> None:
        """Raise AssertionError for an undescribed part of the response to a described operation.

        `read` gives the body. It is not called for an event stream, which has no end.
        """
        if operation := self.operation(method, path):
            self._check(f"{method} {path}", operation, status, dict(headers), read)

    def _check(
        self,
        request: str,
        operation: Any,
        status: int,
        headers: dict[str, str],
        read: Callable[[], bytes],
    ) -> None:
        responses = operation["responses"]
        response = responses.get(str(status)) or (responses["default"] if status >= 400 else None)
        assert response, f"{request}: OpenAPI does not describe status {status}"
        self._check_headers(f"{request}, {status}", response, headers)
        media_type = {name.lower(): value for name, value in headers.items()}.get("content-type")
        content = response.get("content", {})
        if request.startswith("HEAD ") or not (media_type or content):
            return
        media_type = (media_type or "none").partition(";")[0]
        assert media_type in content, f"{request}, {status}: OpenAPI does not describe {media_type}"
        if media_type.endswith("json"):
            body = json.loads(read())
            error = self._validator(json.dumps(content[media_type]["schema"]))(body)
            assert not error, f"{request}, {status}: {error}\n{body}"
            slug = body["type"].rpartition("/")[2] if media_type == PROBLEM else None
            named = slug is None or f"(`{slug}`)" in response["description"]
            assert named, f"{request}, {status}: OpenAPI does not describe the problem {slug}"

    def _check_headers(self, response: str, described: Any, headers: dict[str, str]) -> None:
        known = {name.lower(): name for name in described.get("headers", {})}
        sent = {name.lower() for name in headers}
        unknown = sent - GENERAL - set(known)
        assert not unknown, f"{response}: OpenAPI does not describe the headers {sorted(unknown)}"
        components = self._document["components"]["headers"]
        missing = {
            name for name in known if components[known[name]].get("required") and name not in sent
        }
        assert not missing, f"{response}: the headers {sorted(missing)} are missing"

    def _new_validator(self, schema: str) -> Callable[[Any], str | None]:
        components = self._document["components"]
        validator = jsonschema_rs.validator_for(
            {**json.loads(schema), "components": components}, validate_formats=True
        )

        def errors(body: Any) -> str | None:
            found = next(iter(validator.iter_errors(body)), None)
            return str(found) if found else None

        return errors
