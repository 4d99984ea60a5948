"""Final.of: whatever a Flask view may return, frozen."""

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
    """A body in parts, as a streaming view gives it."""
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
def test_what_a_view_may_return(value: Any, expected: Final) -> None:
    """Bodies of every kind, alone or with a status, headers, or both."""
    assert Final.of(value) == expected


@pytest.mark.parametrize("value", [None, 3, object(), ("x",), ("x", 200, {}, 4), (None, 200)])
def test_what_no_view_may_return(value: Any) -> None:
    """A finish function that forgot its return, or gave something else, is told so."""
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
def test_headers_may_come_more_than_once(headers: Any) -> None:
    """Two cookies stay two cookies, in their order."""
    final = Final.of(("x", headers))
    assert [value for name, value in final.headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert ("X-A", "1") in final.headers


def test_a_response_keeps_all_its_headers() -> None:
    """Cookies and content type of a response of Flask's are frozen with it."""
    response = Response(b"\x89PNG", content_type="image/png")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    names = [name for name, _ in Final.of(response).headers]
    assert names == ["Content-Type", "Set-Cookie", "Set-Cookie"]


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_a_given_content_type_replaces_the_usual_one(name: str) -> None:
    """However its name is written, there is one content type."""
    types = Final.of((b"x", {name: "image/png"})).headers
    assert [(key.lower(), value) for key, value in types] == [("content-type", "image/png")]


@pytest.mark.parametrize("status", [204, 304])
def test_no_body_where_none_is_allowed(status: int) -> None:
    """204 and 304 are frozen without body, length and content type; other headers stay."""
    assert Final.of(("dropped", status, {"ETag": '"1"'})) == Final(status, (("ETag", '"1"'),), b"")


def test_a_length_is_not_frozen() -> None:
    """The length of what is given out is said when it is given out."""
    response = Response("abc", headers={"Content-Length": "3"})
    assert Final.of(response).headers == HTML


@pytest.mark.parametrize("status", [100, 199, 202])
def test_a_final_status_is_final(status: int) -> None:
    """A client that polls takes 202 for a running task: it would never end."""
    with pytest.raises(ValueError, match="no status of a final response"):
        Final.of(("x", status))


def test_a_line_break_in_a_header_is_refused() -> None:
    """What a finish function copies into a header cannot begin another one."""
    with pytest.raises(ValueError, match="newline"):
        Final.of(("x", {"X-A": "1\r\nX-B: 2"}))


def test_a_file_is_read_and_closed(tmp_path: Any) -> None:
    """A response that passes a file through is frozen whole, and its file closed."""
    path = tmp_path / "file"
    path.write_bytes(b"bytes")
    file = path.open("rb")
    final = Final.of(Response(file, direct_passthrough=True))
    assert final.body == b"bytes"
    assert file.closed
