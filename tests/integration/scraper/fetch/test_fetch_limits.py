"""Limits for broken and hostile servers. test_green runs the file on green threads too."""

import socket
import time
import zlib

import pytest
from splitflap_scraper.fetch.errors import Transient
from splitflap_scraper.preview.readers import PageReader

from tests.integration.scraper.fetching import Serve, make_fetcher, refused
from tests.integration.scraper.site import HEAD, OK, endless, page, redirect

# -- broken and hostile servers --------------------------------------------------------------------


@pytest.mark.parametrize(
    "response",
    [b"SSH-2.0-OpenSSH_9.7\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 99 X\r\n\r\n", b"\r\n\r\n",
     b"HTTP/9 200 OK\r\n\r\n", b"<html>", b"ICY 200 OK\r\n\r\n", b"HTTP/1.1 1000 X\r\n\r\n"],
)  # fmt: skip
def test_an_invalid_status_line_is_a_bad_response(serve: Serve, response: bytes) -> None:
    """The server does not speak HTTP."""
    assert refused(make_fetcher(), serve(response).url()).reason == "bad_response"


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip", "deflate", "compress"])
def test_broken_compression_is_a_bad_response(serve: Serve, coding: str) -> None:
    """So are other codings than the four, unless the body is a plain text."""
    site = serve(page(b"\xff\x00\xfe" * 99, f"Content-Encoding: {coding}"))
    assert refused(make_fetcher(), site.url()).reason == "bad_response"


def test_a_refused_connection_is_transient() -> None:
    """The server may start later."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = refused(make_fetcher(), f"http://127.0.0.1:{port}/")
    assert error.reason == "refused"
    assert isinstance(error, Transient)


def test_a_connection_closed_before_the_response_is_transient(serve: Serve) -> None:
    """The server closes at once."""
    error = refused(make_fetcher(), serve(b"").url())
    assert error.reason == "closed"
    assert isinstance(error, Transient)


@pytest.mark.parametrize("framing", ["Content-Length: 9999", "Transfer-Encoding: chunked"])
def test_a_truncated_page_counts_if_it_has_content(serve: Serve, framing: str) -> None:
    """Without content, the failure is transient."""
    begin = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{framing}\r\n\r\n"
    size = "ffff\r\n" if "chunked" in framing else ""
    site = serve(f"{begin}{size}<title>T</title>".encode())
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"
    error = refused(make_fetcher(), serve(f"{begin}{size}<html>".encode()).url())
    assert error.reason == "closed"
    assert isinstance(error, Transient)


@pytest.mark.parametrize(
    ("begin", "unit", "reason"),
    [
        (b"", b"x" * 1000, "too_large"),
        (OK + b"a: ", b"x" * 1000, "too_large"),
        (OK, b"a: " + b"x" * 5000 + b"\r\n", "too_large"),
        (OK, b"a: b\r\n", "too_large"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "too_large"),
        (b"", b"HTTP/1.1 103 X\r\n\r\n", "too_large"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1" * 1000, "too_large"),
    ],
)
def test_endless_heads_are_cut_off(serve: Serve, begin: bytes, unit: bytes, reason: str) -> None:
    """Endless trailers and chunk sizes are cut off too."""
    began = time.monotonic()
    error = refused(make_fetcher(), serve(endless(begin, unit)).url())
    assert error.reason in {reason, "bad_response"}
    assert time.monotonic() - began < 5


def test_an_endless_body_is_read_to_the_limit(serve: Serve) -> None:
    """The title before the limit counts."""
    site = serve(endless(OK + b"\r\n<title>T</title>", b"x" * 1000))
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"


RICH = (
    "<head><title>T</title><meta property=og:title content=T><meta property=og:image content=/i>"
    "<meta property=og:description content='Words'><meta name=author content=A>"
    "<meta property=article:published_time content=2024-01-01></head>"
)


def test_reading_stops_after_a_head_with_all_fields(serve: Serve) -> None:
    """The body never ends."""
    site = serve(endless(OK + b"\r\n" + RICH.encode() + b" " * 1024, b"", pause=0.05))
    began = time.monotonic()
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"
    assert time.monotonic() - began < 2


def test_a_page_cut_off_by_the_deadline_gives_a_preview(serve: Serve) -> None:
    """The body comes byte by byte."""
    site = serve(endless(OK + b"\r\n" + HEAD.encode() + b"<p>" * 1024, b"x", pause=0.05))
    assert make_fetcher(scrape_deadline=0.5).fetch(site.url()).head == "<title>T</title>"


def test_bytes_after_the_limit_are_ignored(serve: Serve) -> None:
    """The title comes after the limit."""
    site = serve(page(b" " * 2048 + HEAD.encode()))
    assert make_fetcher(scrape_max_kib=2).fetch(site.url()).head == ""
    assert make_fetcher(scrape_max_kib=3).fetch(site.url()).head == "<title>T</title>"


@pytest.mark.parametrize("layers", [1, 2])
def test_a_compression_bomb_is_cut_off(serve: Serve, layers: int) -> None:
    """The whole page would have a GiB."""
    squeeze = zlib.compressobj(9, wbits=31)
    bomb = b"".join(squeeze.compress(b" " * 1_048_576) for _ in range(64)) + squeeze.flush()
    bomb = bomb if layers == 1 else zlib.compress(bomb * 16, wbits=31)
    coding = ", ".join(["gzip"] * layers)
    site = serve(page(bomb * 16, f"Content-Encoding: {coding}"))
    began = time.process_time()
    assert make_fetcher().fetch(site.url()).head == ""
    assert time.process_time() - began < 1


def test_compressed_bytes_are_bounded_too(serve: Serve) -> None:
    """These bytes decompress to nothing."""
    header = b"\x1f\x8b\x08\x10" + bytes(6)
    begin = OK + b"Content-Encoding: gzip\r\n\r\n" + header
    error = refused(make_fetcher(scrape_max_kib=64), serve(endless(begin, b"x" * 1000)).url())
    assert error.reason == "too_large"


def test_the_reads_of_a_body_are_bounded(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The body comes byte by byte."""
    begin = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    site = serve(endless(begin, b"1\r\nx\r\n" * 200))
    began = time.process_time()
    with monkeypatch.context() as patch:
        feeds: list[bytes] = []
        patch.setattr(PageReader, "feed", lambda _self, data, final: feeds.append(data))
        assert make_fetcher().fetch(site.url()).head == ""
    assert len(feeds) <= 4096 / 1024 + 1
    assert time.process_time() - began < 2


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "unit"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 ", b"O"),
        (OK, b"a"),
        (OK + b"\r\n<p", b"x"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_a_dripping_response_ends_at_the_deadline(serve: Serve, begin: bytes, unit: bytes) -> None:
    """The bytes come steadily."""
    site = serve(endless(begin, unit, pause=0.05))
    began = time.monotonic()
    error = refused(make_fetcher(scrape_deadline=0.4), site.url())
    assert error.reason == "timeout"
    assert isinstance(error, Transient)
    assert 0.3 < time.monotonic() - began < 1.5


def test_the_deadline_holds_for_all_redirects(serve: Serve) -> None:
    """A redirect does not restart the deadline."""

    def respond(sock: socket.socket, request: str) -> None:
        time.sleep(0.25)
        sock.sendall(redirect(request.split()[1] + "x"))

    began = time.monotonic()
    error = refused(make_fetcher(scrape_deadline=0.4), serve(respond).url())
    assert error.reason == "timeout"
    assert time.monotonic() - began < 1.5


def test_a_connect_ends_at_its_timeout() -> None:
    """The server's backlog is full."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        error = refused(make_fetcher(scrape_connect_timeout=0.2), f"http://127.0.0.1:{port}/")
        assert error.reason == "timeout"
        assert time.monotonic() - began < 3
        for each in waiting:
            each.close()
