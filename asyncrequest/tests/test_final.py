"""`Final.of` freezes the return values of Flask views."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from flask import Response
from werkzeug.datastructures import Headers

from asyncrequest import Final

HTML = (("Content-Type", "text/html; charset=utf-8"),)
JSON = (("Content-Type", "application/json"),)


def pieces() -> Iterator[str]:
    """The body of a streaming view."""
    yield "a"
    yield "b"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\xff\0", Final(200, HTML, b"\xff\0")),
        ("hé", Final(200, HTML, "hé".encode())),
        ({"a": 1}, Final(200, JSON, b'{"a":1}')),
        ([1, 2], Final(200, JSON, b"[1,2]")),
        (("x", 201), Final(201, HTML, b"x")),
        (("x", HTTPStatus.CREATED), Final(201, HTML, b"x")),
        (("x", "418 I am a teapot"), Final(418, HTML, b"x")),
        (("x", {"X-A": "1"}), Final(200, (*HTML, ("X-A", "1")), b"x")),
        (({"a": 1}, 404, {"X-A": "1"}), Final(404, (*JSON, ("X-A", "1")), b'{"a":1}')),
        (pieces(), Final(200, HTML, b"ab")),
        (Response(pieces(), 206), Final(206, HTML, b"ab")),
        ((Response("x"), 503), Final(503, HTML, b"x")),
        (Final(200, (), b"as it is"), Final(200, (), b"as it is")),
    ],
)
def test_every_return_value_of_a_view_is_frozen(value: Any, expected: Final) -> None:
    """Each kind of body, alone or with a status, headers, or both."""
    assert Final.of(value) == expected


@pytest.mark.parametrize("value", [None, 3, object(), ("x",), ("x", 200, {}, 4), (None, 200)])
def test_other_values_are_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match=r"expected|cannot be made of"):
        Final.of(value)


@pytest.mark.parametrize(
    "headers",
    [
        [("Set-Cookie", "a=1"), ("X-A", "1"), ("Set-Cookie", "b=2")],
        {"Set-Cookie": ["a=1", "b=2"], "X-A": "1"},
        Headers([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-A", "1")]),
    ],
)
def test_repeated_headers_stay_repeated(headers: Any) -> None:
    final = Final.of(("x", headers))
    assert [value for name, value in final.headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert ("X-A", "1") in final.headers


def test_a_response_keeps_all_its_headers() -> None:
    response = Response(b"\x89PNG", content_type="image/png")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    names = [name for name, _ in Final.of(response).headers]
    assert names == ["Content-Type", "Set-Cookie", "Set-Cookie"]


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_a_given_content_type_replaces_the_default(name: str) -> None:
    types = Final.of((b"x", {name: "image/png"})).headers
    assert [(key.lower(), value) for key, value in types] == [("content-type", "image/png")]


@pytest.mark.parametrize("status", [204, 304])
def test_204_and_304_have_no_body(status: int) -> None:
    """Length and content type are dropped with the body. Other headers stay."""
    assert Final.of(("dropped", status, {"ETag": '"1"'})) == Final(status, (("ETag", '"1"'),), b"")


def test_content_length_is_dropped() -> None:
    response = Response("abc", headers={"Content-Length": "3"})
    assert Final.of(response).headers == HTML


@pytest.mark.parametrize("status", [100, 199, 202])
def test_1xx_and_202_are_refused(status: int) -> None:
    with pytest.raises(ValueError, match="no status of a final response"):
        Final.of(("x", status))


def test_a_line_break_in_a_header_is_refused() -> None:
    with pytest.raises(ValueError, match="newline"):
        Final.of(("x", {"X-A": "1\r\nX-B: 2"}))


def test_a_file_is_read_and_closed(tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"bytes")
    file = path.open("rb")
    final = Final.of(Response(file, direct_passthrough=True))
    assert final.body == b"bytes"
    assert file.closed
