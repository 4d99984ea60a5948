"""Strict parsing of requests. Each refusal names the field and the expected value."""

import base64
import binascii
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from flask import request
from gunicorn.http.errors import ParseException
from splitflap_core.wording.expectations import MOMENT
from werkzeug.exceptions import ClientDisconnected

from splitflap_api.contract.blank import is_blank
from splitflap_api.contract.formats import is_id, milliseconds
from splitflap_api.contract.models import MAX_TEXT, BatchInput
from splitflap_api.contract.paths import IDS
from splitflap_api.contract.patterns import EVENT_ID, TEXT
from splitflap_api.contract.plain_words import MAX_NAME, broken_json, wrong_value
from splitflap_api.contract.problems import Problem, bad_parameter, invalid
from splitflap_api.overload.priority import asks_to_yield
from splitflap_api.overload.slots import lent_slot

#: Largest body in bytes: the largest text with each byte escaped as `\u00xx`, and other fields.
MAX_BODY = 6 * MAX_TEXT + 4096

#: Largest body of a batch in bytes.
MAX_BATCH = 2_097_152

#: Seconds by which the clock of a client may be ahead.
CLOCKS_APART = 60.0

T = TypeVar("T")


def json_body(model: type[T]) -> T:
    """The body as an instance of the model.

    Raises:
        Problem: unsupported-media-type, too-large, bad-json, invalid or request-timeout.
    """
    _check_media_type()
    data = _data(MAX_BATCH if model is BatchInput else MAX_BODY)
    try:
        value = msgspec.json.decode(data, type=model)
    except msgspec.ValidationError as error:
        name, message = wrong_value(error, model)
        raise (invalid(name, message) if name else Problem("invalid", message)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("bad-json", f"the body is not JSON: {broken_json(data, error)}") from error
    # msgspec takes the last value of a repeated field.
    _MEMBERS.decode(data.decode())
    return value


def check_text(text: str) -> None:
    """Raises Problem for a text of too many bytes, that shows nothing, or with U+0000."""
    if "\0" in text or is_blank(text):
        raise invalid("text", f"expected {TEXT.expected}")
    size = len(text.encode())
    if size > MAX_TEXT:
        message = f"expected at most {MAX_TEXT} bytes of UTF-8, got {size}"
        errors = [{"field": "text", "message": message}]
        raise Problem("too-large", f"text: {message}", errors)


def check_past(moment: datetime) -> None:
    """Raises Problem for a time before 1970, or after the end of this minute."""
    if not 0 <= milliseconds(moment) <= (time.time() + CLOCKS_APART) * 1000:
        raise invalid("created_at", "expected a time from 1970 to now")


@contextmanager
def within(place: str) -> Iterator[None]:
    """Name this place of the body in the problems of one of its fields."""
    try:
        yield
    except Problem as problem:
        problem.detail = f"{place}: {problem.detail}"
        for error in problem.errors:
            error["field"] = f"{place}.{error['field']}"
        raise


def query_parameters(model: type[T]) -> T:
    """The query string as an instance of the model. Repeated and unknown parameters are refused.

    Raises:
        Problem: bad-request.
    """
    given = request.args.to_dict(flat=False)
    for name, values in given.items():
        if len(values) > 1:
            raise bad_parameter(name, "expected once")
    try:
        query = msgspec.convert(
            {name: value for name, (value,) in given.items()}, model, strict=False
        )
    except msgspec.ValidationError as error:
        name, message = wrong_value(error, model, has_kinds=False)
        raise bad_parameter(name, message) from error
    for name, (text,) in given.items():
        value = getattr(query, name)
        # msgspec reads the text `null` as None, which the description of the API does not allow.
        if value is None:
            raise bad_parameter(name, "expected a value")
        # It also reads a number as seconds since 1970.
        if isinstance(value, datetime) and ":" not in text:
            raise bad_parameter(name, f"expected {MOMENT}")
    return query


def check_ids(arguments: Mapping[str, Any]) -> None:
    """Check the ids among the parameters of a path.

    Raises:
        Problem: not-found, if one is no UUID. PostgreSQL would fail to compare it.
    """
    for name, what in IDS.items():
        if name in arguments and not is_id(arguments[name]):
            raise Problem("not-found", f"no {what} has this id")


def cursor_of(last_id: str) -> str:
    """An opaque cursor: the next page begins after this id."""
    return base64.urlsafe_b64encode(f"1:{last_id}".encode()).decode().rstrip("=")


def id_of(cursor: str) -> str:
    """The id in a cursor, or the id of an item: a reader that kept no cursor has that.

    Raises:
        Problem: bad-request.
    """
    if is_id(cursor):
        return cursor
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        version, _, last_id = base64.b64decode(padded, b"-_", validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        version = last_id = ""
    if version != "1" or not is_id(last_id):
        raise bad_parameter("after", "expected the `next` of an earlier page, or the id of an item")
    return last_id


def event_id(last: str | None = None) -> int | None:
    """The id in Last-Event-ID, or else in the query: the stream resumes after this event.

    An EventSource that connects again sends the header with the address of its beginning.

    Raises:
        Problem: bad-request.
    """
    header = request.headers.get("Last-Event-ID", "").strip() or last
    if not header:
        return None
    if not EVENT_ID.matches(header):
        raise bad_parameter("Last-Event-ID", f"expected {EVENT_ID.expected}")
    return int(header)


def is_low() -> bool:
    """Whether the present request asks to yield to others (RFC 9218)."""
    return asks_to_yield(request.headers.get("Priority", ""))


def _check_media_type() -> None:
    parameters = request.mimetype_params
    charset = parameters.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in {"utf-8", "utf8"}:
        sent = request.headers.get("Content-Type", "none")[:100]
        detail = f"Content-Type: expected application/json in UTF-8, got {sent}"
        raise Problem("unsupported-media-type", detail, headers={"Accept": "application/json"})
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        detail = f"Content-Encoding: expected an uncompressed body, got {encoding[:100]}"
        raise Problem("unsupported-media-type", detail, headers={"Accept-Encoding": "identity"})


def _data(most: int) -> bytes:
    length = request.content_length
    if length is not None and length > most:
        raise _too_large(most)
    # werkzeug silently cuts chunks off at its limit, so one byte more shows a longer body.
    request.max_content_length = most + 1
    data = _read()
    if len(data) > most:
        raise _too_large(most)
    if length is not None and len(data) < length:
        raise Problem("bad-json", "the body ended before its Content-Length")
    return data


def _read() -> bytes:
    try:
        with lent_slot(request.environ, has_response=False):
            return request.get_data()
    except ClientDisconnected as error:
        # werkzeug raises this for every error of a read, the socket's deadline among them.
        if isinstance(error.__context__, TimeoutError):
            raise Problem("request-timeout", "the body came too slowly") from error
        return b""
    except ParseException as error:
        raise Problem("bad-json", "the body's chunks cannot be read") from error


def _too_large(most: int) -> Problem:
    return Problem("too-large", f"expected a body of at most {most} bytes")


def _refuse_repeated(members: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in members]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise invalid(twice[:MAX_NAME], "expected once")


#: Reads a body once more for its repeated fields.
_MEMBERS = json.JSONDecoder(object_pairs_hook=_refuse_repeated)
