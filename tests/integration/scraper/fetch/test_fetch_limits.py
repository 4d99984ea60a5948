"""Broken and hostile servers are ended by a limit. test_green runs it all on green threads."""

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
def test_bad_status_lines(serve: Serve, response: bytes) -> None:
    """Who does not speak HTTP has no page."""
    assert refused(make_fetcher(), serve(response).url()).reason == "bad_response"


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "rot13"])
def test_codings_that_were_not_asked_for(serve: Serve, coding: str) -> None:
    """Nothing is decoded that has no limit."""
    site = serve(page(HEAD, f"Content-Encoding: {coding}"))
    assert refused(make_fetcher(), site.url()).reason == "bad_response"


def test_broken_compression(serve: Serve) -> None:
    """A body that is not what it says."""
    for coding in ("gzip", "deflate"):
        site = serve(page(HEAD, f"Content-Encoding: {coding}"))
        assert refused(make_fetcher(), site.url()).reason == "bad_response"


def test_nobody_listens() -> None:
    """A refused connection may be taken later."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = refused(make_fetcher(), f"http://127.0.0.1:{port}/")
    assert error.reason == "refused"
    assert isinstance(error, Transient)


def test_closed_before_the_response(serve: Serve) -> None:
    """A server that hangs up may be better later."""
    error = refused(make_fetcher(), serve(b"").url())
    assert error.reason == "closed"
    assert isinstance(error, Transient)


@pytest.mark.parametrize("framing", ["Content-Length: 9999", "Transfer-Encoding: chunked"])
def test_closed_within_the_page(serve: Serve, framing: str) -> None:
    """What came is taken if it has something; else it is another try's."""
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
def test_endless_headers(serve: Serve, begin: bytes, unit: bytes, reason: str) -> None:
    """No part of a response but its body may be long, and no trailer or chunk size is endless."""
    began = time.monotonic()
    error = refused(make_fetcher(), serve(endless(begin, unit)).url())
    assert error.reason in {reason, "bad_response"}
    assert time.monotonic() - began < 5


def test_endless_body(serve: Serve) -> None:
    """It is read to the limit; the title in it is taken."""
    site = serve(endless(OK + b"\r\n<title>T</title>", b"x" * 1000))
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"


RICH = (
    "<head><title>T</title><meta property=og:title content=T><meta property=og:image content=/i>"
    "<meta property=og:description content='Words'><meta name=author content=A>"
    "<meta property=article:published_time content=2024-01-01></head>"
)


def test_nothing_is_read_after_a_head_that_says_enough(serve: Serve) -> None:
    """A page is not waited for beyond it."""
    site = serve(endless(OK + b"\r\n" + RICH.encode() + b" " * 1024, b"", pause=0.05))
    began = time.monotonic()
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"
    assert time.monotonic() - began < 2


def test_what_was_learned_before_the_deadline_is_kept(serve: Serve) -> None:
    """A body that drips ends the reading, not the preview."""
    site = serve(endless(OK + b"\r\n" + HEAD.encode() + b"<p>" * 1024, b"x", pause=0.05))
    assert make_fetcher(scrape_deadline=0.5).fetch(site.url()).head == "<title>T</title>"


def test_limit_of_bytes(serve: Serve) -> None:
    """What comes after it is not looked at."""
    site = serve(page(b" " * 2048 + HEAD.encode()))
    assert make_fetcher(scrape_max_kib=2).fetch(site.url()).head == ""
    assert make_fetcher(scrape_max_kib=3).fetch(site.url()).head == "<title>T</title>"


@pytest.mark.parametrize("layers", [1, 2])
def test_compression_bomb(serve: Serve, layers: int) -> None:
    """A GiB in a few bytes: it is made no larger than the limit."""
    squeeze = zlib.compressobj(9, wbits=31)
    bomb = b"".join(squeeze.compress(b" " * 1_048_576) for _ in range(64)) + squeeze.flush()
    coding = ", ".join(["gzip"] * layers)
    site = serve(page(bomb * 16, f"Content-Encoding: {coding}"))
    began = time.process_time()
    if layers == 1:
        assert make_fetcher().fetch(site.url()).head == ""
    else:
        assert refused(make_fetcher(), site.url()).reason == "bad_response"
    assert time.process_time() - began < 1


def test_compression_that_makes_nothing(serve: Serve) -> None:
    """Endless bytes that stand for none are bounded on the wire."""
    header = b"\x1f\x8b\x08\x10" + bytes(6)
    begin = OK + b"Content-Encoding: gzip\r\n\r\n" + header
    error = refused(make_fetcher(scrape_max_kib=64), serve(endless(begin, b"x" * 1000)).url())
    assert error.reason == "too_large"


def test_tiny_chunks_are_bounded(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body in very many reads is taken as ended, and not looked at for each byte of it."""
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
def test_slow_drip(serve: Serve, begin: bytes, unit: bytes) -> None:
    """However steadily bytes come, the fetch ends at its deadline."""
    site = serve(endless(begin, unit, pause=0.05))
    began = time.monotonic()
    error = refused(make_fetcher(scrape_deadline=0.4), site.url())
    assert error.reason == "timeout"
    assert isinstance(error, Transient)
    assert 0.3 < time.monotonic() - began < 1.5


def test_the_deadline_is_for_all_hops(serve: Serve) -> None:
    """Redirects do not start it anew."""

    def respond(sock: socket.socket, request: str) -> None:
        time.sleep(0.25)
        sock.sendall(redirect(request.split()[1] + "x"))

    began = time.monotonic()
    error = refused(make_fetcher(scrape_deadline=0.4), serve(respond).url())
    assert error.reason == "timeout"
    assert time.monotonic() - began < 1.5


def test_connect_timeout() -> None:
    """A full backlog lets nobody in, and is not waited for until the deadline."""
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
