"""Heads and bodies of responses, compared with http.client, and invalid ones."""

import http.client
import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from splitflap_scraper.fetch.deadline import Deadline
from splitflap_scraper.fetch.errors import EndedEarlyError, FetchError
from splitflap_scraper.fetch.http.framing import body_of
from splitflap_scraper.fetch.http.headers import Headers, media_type
from splitflap_scraper.fetch.http.response import Response, parsed_response, read_response
from splitflap_scraper.fetch.http.wire import Wire


@contextmanager
def wire_of(data: bytes, piece: int = 1 << 20) -> Iterator[Wire]:
    """A connection that delivers these bytes in pieces, and then ends."""
    here, there = socket.socketpair()

    def send() -> None:
        # The reader may close before the last piece, such as a trailer.
        with there, suppress(BrokenPipeError):
            for at in range(0, len(data), piece):
                there.sendall(data[at : at + piece])

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield Wire(here, Deadline(10))
    finally:
        here.close()
        thread.join()


def body(response: Response, wire: Wire) -> bytes:
    """Read a whole body."""
    reader, data = body_of(response, wire), b""
    while piece := reader.read():
        data += piece
    return data


class FakeSocket:
    """A socket for http.client."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def makefile(self, _mode: str) -> io.BytesIO:
        """Return the bytes as a file."""
        return self._file


OK = b"HTTP/1.1 200 OK\r\n"

#: Responses as servers send them.
COMMON = [
    OK + b"Content-Type: text/html; charset=UTF-8\r\nContent-Length: 5\r\n\r\nhello",
    OK + b"content-type:text/html\r\nCONTENT-LENGTH:5\r\n\r\nhello",
    OK + b"Server: nginx\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: Chunked\r\n\r\n005\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
    OK + b"Connection: close\r\n\r\nhello",
    b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nhello",
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX-Empty:\r\n\r\n",
    b"HTTP/1.1 301 Moved Permanently\r\nLocation: /caf\xe9?a=b:c\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 204 No Content\r\nVary: a\r\nVary: b\r\n\r\n",
    b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 9\r\n\r\n',
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 1\r\n\r\nx",
    b"HTTP/1.1 999 Request denied\r\nSet-Cookie: a=b; Path=/\r\nSet-Cookie: c=d\r\n\r\nno",
    b"HTTP/1.1 200 OK\nContent-Length: 5\nX-Bare: line feeds\n\nhello",
    OK + b"X-Long: " + b"x" * 8000 + b"\r\nContent-Length: 1\r\n\r\nx",
    OK + b"X-Spaces:   a  b  \t\r\nContent-Length: 1\r\n\r\nx",
    OK + b"X-Utf8: \xc3\xa9\r\nContent-Length: 1\r\n\r\nx",
    OK + b"Content-Length: many\r\n\r\nhello",
    OK + b"Content-Length: -1\r\n\r\nhello",
]  # fmt: skip


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
@pytest.mark.parametrize("data", COMMON)
def test_a_response_is_read_as_http_client_does(data: bytes, piece: int) -> None:
    """The status, all fields and the body are the same."""
    theirs = http.client.HTTPResponse(FakeSocket(data), method="GET")  # type: ignore[arg-type]  # as it says
    theirs.begin()
    with wire_of(data, piece) as wire:
        ours = read_response(wire)
        assert ours.status == theirs.status
        for name in theirs.headers:
            # http.client keeps the spaces after a value, against RFC 9110, section 5.5.
            values = [value.rstrip(" \t") for value in theirs.headers.get_all(name) or ()]
            assert list(ours.headers.get_all(name)) == values
        assert body(ours, wire) == theirs.read()


def test_a_folded_field_is_one_value() -> None:
    """A space replaces the fold."""
    head = parsed_response(b"HTTP/1.1 200 OK\r\nContent-Type: text/html;\r\n\t charset=x")
    assert head.headers.get("content-type") == "text/html; charset=x"
    assert not head.keeps


@pytest.mark.parametrize(
    ("lines", "keeps"),
    [
        (b"Content-Length: 5", True),
        (b"Transfer-Encoding: chunked", True),
        (b"Content-Length: 5\r\nContent-Length: 5", True),
        (b"Content-Length: 0\r\nConnection: keep-alive", True),
        (b"", False),
        (b"Content-Length: 5\r\nConnection: Close", False),
        (b"Content-Length: 5\r\nConnection: x, close", False),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked", False),
        (b"Content-Length: abc\r\nTransfer-Encoding: chunked", False),
        (b"Content-Length: +5", False),
        (b"Content-Length: 0x5", False),
        (b"Content-Length: 5, 5", False),
        (b"Content-Length: 9999999999999999", False),
        ("Content-Length: \u0665".encode(), False),
        (b"Content-Length : 5\r\nContent-Length: 5", False),
        (b"no field at all\r\nContent-Length: 5", False),
        (b" folded at once\r\nContent-Length: 5", False),
        (b"A: b\r\n c\r\nContent-Length: 5", False),
        (b"A: b\rContent-Length: 3\r\nContent-Length: 5", False),
        (b"A: \0\r\nContent-Length: 5", False),
        (b"Content-Length: 5\r\nTransfer-Encoding: identity", True),
    ],
)
def test_a_connection_is_kept_only_after_a_clear_end(lines: bytes, keeps: bool) -> None:
    """An ambiguous end closes it."""
    assert parsed_response(OK + lines).keeps is keeps


def test_http_1_0_closes_the_connection() -> None:
    """HTTP/1.0 has no keep-alive."""
    assert not parsed_response(b"HTTP/1.0 200 OK\r\nContent-Length: 5").keeps
    assert parsed_response(b"HTTP/1.1 304 Not Modified").keeps


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6", "bad_response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked", "bad_response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
         "bad_response"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 101, "too_large"),
        (b"HTTP/1.1 20", "bad_response"),
        (b"HTTP/1.1 2000 OK", "bad_response"),
        (b"HTTP/1.1 099 OK", "bad_response"),
        (b"HTTP/1.1  ", "bad_response"),
        (b"HTTP/1.1\t\xb2\xb2\xb2 OK", "bad_response"),
        (b"HTTP/1.12 200 OK", "bad_response"),
    ],
)  # fmt: skip
def test_an_ambiguous_or_endless_head_is_refused(head: bytes, reason: str) -> None:
    """The failure has the right reason."""
    with pytest.raises(FetchError) as error:
        parsed_response(head)
    assert error.value.reason == reason


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "chunks",
    [b"five\r\nhello", b"-5\r\nhello", b"0x5\r\nhello", b"5 5\r\nhello", b"\r\nhello",
     b"5\r\nhello, more\r\n", b"11111111111111111\r\nhello", b"5" + b" " * 5000],
)  # fmt: skip
def test_an_invalid_chunk_is_refused(chunks: bytes) -> None:
    """Its size must be hexadecimal, and fit its data."""
    with wire_of(CHUNKED + chunks) as wire:
        response = read_response(wire)
        with pytest.raises(FetchError):
            body(response, wire)


@pytest.mark.parametrize("data", [CHUNKED + b"5\r\nhel", CHUNKED + b"5\r\nhello\r\n",
                                  OK + b"Content-Length: 9\r\n\r\nhello"])  # fmt: skip
def test_an_early_end_is_an_error(data: bytes) -> None:
    """This holds for a body with a length and for one with chunks."""
    with wire_of(data) as wire:
        response = read_response(wire)
        with pytest.raises(EndedEarlyError):
            body(response, wire)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: OK + b"a: " + b" " * n + b"x\r\n\r\n",
        lambda n: OK + b"a" * n + b"\r\n\r\n",
        lambda n: OK + b"a:\r\n" + b" \r\n" * 90 + b"b" * n + b"\r\n\r\n",
        lambda n: OK + b"Content-Length: " + b"9" * n + b"\r\n\r\n",
        lambda n: OK + b"Content-Type: " + b"text/" * (n // 5) + b"\r\n\r\n",
        lambda n: OK + b"Content-Type: a/b" + b"; charset" * (n // 9) + b"\r\n\r\n",
    ],
)
def test_huge_heads_are_read_in_linear_time(make: Callable[[int], bytes]) -> None:
    """A quadratic reader would take seconds for 60 KB."""
    with wire_of(make(60_000)) as wire:
        head = read_response(wire)
    media_type(head.headers.get("Content-Type"))
    assert head.status == 200


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("text/html", ("text/html", None)),
        ("Text/HTML;charset=utf-8", ("text/html", "utf-8")),
        ('text/html ; a=b; Charset="utf-8"', ("text/html", "utf-8")),
        ("application/xhtml+xml, text/html", ("text/html", None)),
        ("text/plain;charset=a, text/html;charset=b", ("text/html", "b")),
        ("text/html;charset=a, text/html", ("text/html", "a")),
        ("text/plain;charset=a, text/html", ("text/html", None)),
        ("text/html, */*", ("text/html", None)),
        ("text/html, html", ("text/html", None)),
        ('text/html;a="b, c/d";charset=x', ("text/html", "x")),
        ('text/html;a="b, c/d', ("text/html", None)),
        ("charset=utf-8", ("", "utf-8")),
        ("", ("", None)),
        ("html", ("", None)),
        ("text/", ("", None)),
        ("text/html charset=x", ("", None)),
        ("; charset=utf-8", ("", "utf-8")),
    ],
)
def test_a_content_type_has_a_type_and_a_charset(value: str, found: tuple[str, str | None]) -> None:
    """Invalid parts are empty. The last valid value counts, as in browsers."""
    assert media_type(value) == found


def test_fields_are_found_in_any_case() -> None:
    """Callers get the first value, or all."""
    headers = Headers([("Vary", "a"), ("VARY", "b")])
    assert (headers.get("vary"), list(headers.get_all("Vary"))) == ("a", ["a", "b"])
    assert (headers.get("x"), list(headers.get_all("x"))) == ("", [])


def test_other_threads_run_between_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fast sender would block them."""
    sleeps: list[float] = []
    monkeypatch.setattr("splitflap_scraper.fetch.http.wire.time.sleep", sleeps.append)
    with wire_of(b"x" * 60_000) as wire:
        while wire.more():
            assert len(wire.data) - wire.at <= 60_000
    assert len(sleeps) >= 3
