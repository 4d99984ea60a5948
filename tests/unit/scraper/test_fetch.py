"""The safe fetch, against real servers on loopback. test_green runs it all on green threads."""

import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from splitflap_scraper.errors import FetchError, Transient
from splitflap_scraper.reading import PageReader

from .conftest import Page, PageFetcher, Site, make_fetcher, page, redirect

Serve = Callable[..., Site]

HEAD = "<head><title>T</title></head>"


def refused(fetcher: PageFetcher, url: str) -> FetchError:
    """The error that a fetch ends with."""
    with pytest.raises(FetchError) as error:
        fetcher.fetch(url)
    return error.value


def answers(*addresses: str) -> Callable[..., list[tuple[Any, ...]]]:
    """A resolver that gives each of these at a time, and the last ever after."""
    rest = list(addresses)

    def resolve(_host: bytes, port: int, *_: object) -> list[tuple[Any, ...]]:
        each = rest.pop(0) if len(rest) > 1 else rest[0]
        return [(0, 0, 0, "", (address, port)) for address in each.split()]

    return resolve


# -- what is sent and what is found ----------------------------------------------------------------


def test_a_page(serve: Serve) -> None:
    """The tags of its head, its URL without credentials, and how long it is fresh."""
    site = serve(page(HEAD, "Cache-Control: max-age=7200"))
    found = make_fetcher().fetch(site.url("/x?y").replace("//", "//user:secret@"))
    assert found == Page(site.url("/x?y"), "<title>T</title>", 7200)


def test_what_is_sent(serve: Serve) -> None:
    """The name, our own name, no credential and no cookie; a redirect gets the same."""
    first = page("", "Location: /2", "Set-Cookie: a=b", status="302 Found")

    def respond(sock: socket.socket, request: str) -> None:
        sock.sendall(page(HEAD) if "GET /2" in request else first)

    site = serve(respond)
    url = site.url("/1", "u:p@site.test")
    make_fetcher(answers("127.0.0.1"), user_agent="Testing/1").fetch(url)
    assert len(site.requests) == 2
    for request in site.requests:
        lines = request.split("\r\n")
        assert f"Host: site.test:{site.port}" in lines
        assert "User-Agent: Testing/1" in lines
        assert "Accept-Encoding: gzip, deflate" in lines
        assert not any(line.lower().startswith(("cookie", "authorization")) for line in lines)


def test_environment_is_ignored(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies would resolve names by themselves, and .netrc would send its passwords."""
    proxy, site = serve(page("")), serve(page(HEAD))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url())
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"
    assert proxy.connections == 0


def test_a_page_without_type_is_html(serve: Serve) -> None:
    """And what is missing in it is simply not there."""
    assert make_fetcher().fetch(serve(b"HTTP/1.0 200\r\n\r\nx").url()).head == ""


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "é"),
        (b"", "é"),
    ],
)
def test_informational_responses(serve: Serve, head: bytes, expected: str) -> None:
    """100 and 103 come before the response."""
    found = make_fetcher().fetch(serve(head + page("<title>é</title>")).url())
    assert found.head == f"<title>{expected}</title>"


def test_charset_of_http(serve: Serve) -> None:
    """The Content-Type's charset is used, quoted or not, with other parameters."""
    body = "<title>ж</title>".encode("cp1251")
    for value in ("text/html;charset=windows-1251", 'Text/HTML; a=b; Charset="windows-1251"'):
        found = make_fetcher().fetch(serve(page(body, f"Content-Type: {value}")).url())
        assert found.head == "<title>ж</title>"


def test_chunks(serve: Serve) -> None:
    """A chunked body, one byte a chunk."""
    body = b"".join(b"1;x=y\r\n%c\r\n" % each for each in HEAD.encode())
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"
    assert make_fetcher().fetch(serve(raw).url()).head == "<title>T</title>"


@pytest.mark.parametrize(("coding", "wbits"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_compression(serve: Serve, coding: str, wbits: int) -> None:
    """What was asked for is undone, deflate with and without its header."""
    squeeze = zlib.compressobj(wbits=wbits)
    body = squeeze.compress(HEAD.encode()) + squeeze.flush()
    site = serve(page(body, f"Content-Encoding: {coding}"))
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"


# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]",
     "[::1]", "[::]", "0.0.0.0", "0", "\uff11\uff12\uff17.0.0.1", "LOCALHOST.", "169.254.169.254",
     "10.0.0.1", "[64:ff9b::7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]"],
)  # fmt: skip
def test_loopback_in_any_form(serve: Serve, host: str) -> None:
    """However it is written, it is refused, and nothing is connected to."""
    site = serve(page(HEAD))
    error = refused(make_fetcher(scraper_allow_nets=""), site.url("/", host))
    assert error.reason == "forbidden_address"
    assert not isinstance(error, Transient)
    assert site.connections == 0


def test_allowed_networks_only(serve: Serve) -> None:
    """What an operator allows may be reached, and nothing beside it."""
    site = serve(page(HEAD), host="0.0.0.0")
    fetcher = make_fetcher(scraper_allow_nets="127.0.0.2/32, 127.0.0.4/31")
    for host in ("127.0.0.2", "127.0.0.4", "127.0.0.5"):
        fetcher.fetch(site.url("/", host))
    for host in ("127.0.0.1", "127.0.0.3", "127.0.0.6"):
        assert refused(fetcher, site.url("/", host)).reason == "forbidden_address"
    assert site.connections == 3


def test_one_forbidden_address_bars_the_name(serve: Serve) -> None:
    """Also where an allowed one comes first."""
    site = serve(page(HEAD))
    error = refused(make_fetcher(answers("127.0.0.1 10.0.0.1")), site.url("/", "a.test"))
    assert error.reason == "forbidden_address"
    assert site.connections == 0


def test_rebinding(serve: Serve) -> None:
    """A name is resolved once; the connection goes to the address that was checked."""
    good = serve(page(HEAD), host="127.0.0.2")
    evil = serve(page(HEAD), host="127.0.0.1", port=good.port)
    resolve = answers("127.0.0.2", "127.0.0.1")
    make_fetcher(resolve, scraper_allow_nets="127.0.0.2").fetch(good.url("/", "rebind.test"))
    assert (good.connections, evil.connections) == (1, 0)
    assert f"Host: rebind.test:{good.port}\r\n" in good.requests[0]


def test_rebinding_between_hops(serve: Serve) -> None:
    """A redirect to the same name is resolved and checked anew."""
    good = serve(redirect("/next"), host="127.0.0.2")
    evil = serve(page(HEAD), host="127.0.0.1", port=good.port)
    resolve = answers("127.0.0.2", "127.0.0.1")
    fetcher = make_fetcher(resolve, scraper_allow_nets="127.0.0.2")
    assert refused(fetcher, good.url("/", "rebind.test")).reason == "forbidden_address"
    assert (good.connections, evil.connections) == (1, 0)


def test_the_next_address_is_tried(serve: Serve) -> None:
    """A name with a dead address is reached by another."""
    site = serve(page(HEAD), host="127.0.0.2")
    resolve = answers("127.0.0.3 127.0.0.2")
    make_fetcher(resolve, scraper_allow_nets="127.0.0.0/8").fetch(site.url("/", "two.test"))
    assert site.connections == 1


# -- TLS -------------------------------------------------------------------------------------------


def secure(certificate: Path, *addresses: str) -> PageFetcher:
    """A fetcher that trusts the certificate's CA."""
    nets = "127.0.0.0/8"
    resolve = answers(*addresses)
    return make_fetcher(resolve, scraper_allow_nets=nets, scraper_ca_file=str(certificate))


def test_tls_by_name(serve: Serve, certificate: Path, server_tls: ssl.SSLContext) -> None:
    """Pinned to an address; the server is asked for, and checked by, the URL's name."""
    site = serve(page(HEAD), host="127.0.0.5", tls=server_tls)
    found = secure(certificate, "127.0.0.5").fetch(site.url("/", "site.test."))
    assert found.head == "<title>T</title>"
    assert site.server_names == ["site.test"]
    assert f"Host: site.test:{site.port}\r\n" in site.requests[0]


def test_tls_by_address(serve: Serve, certificate: Path, server_tls: ssl.SSLContext) -> None:
    """An address in the URL is checked as such."""
    site = serve(page(HEAD), host="127.0.0.2", tls=server_tls)
    fetcher = make_fetcher(scraper_allow_nets="127.0.0.2", scraper_ca_file=str(certificate))
    assert fetcher.fetch(site.url("/", "127.0.0.2")).head == "<title>T</title>"


def test_wrong_name(serve: Serve, certificate: Path, server_tls: ssl.SSLContext) -> None:
    """A certificate for another name gets no request."""
    site = serve(page(HEAD), tls=server_tls)
    error = refused(secure(certificate, "127.0.0.1"), site.url("/", "other.test"))
    assert error.reason == "tls"
    assert site.requests == []


def test_unknown_authority(serve: Serve, server_tls: ssl.SSLContext) -> None:
    """A certificate that nobody known has signed gets no request."""
    site = serve(page(HEAD), tls=server_tls)
    assert refused(make_fetcher(answers("127.0.0.1")), site.url("/", "site.test")).reason == "tls"
    assert site.requests == []


def test_no_tls_at_all() -> None:
    """A server that does not speak TLS on that port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as sock:
                sock.recv(4096)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        error = refused(make_fetcher(), f"https://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
    assert error.reason == "tls"


# -- redirects -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(serve: Serve, status: int) -> None:
    """Each of them is followed; the page's URL is the last."""
    target = serve(page(HEAD))
    site = serve(redirect(target.url("/t"), f"{status} X"))
    assert make_fetcher().fetch(site.url()).url == target.url("/t")


def test_as_many_as_allowed(serve: Serve) -> None:
    """Five are followed, a sixth is not."""

    def respond(sock: socket.socket, request: str) -> None:
        left = int(request.split()[1].strip("/"))
        sock.sendall(redirect(f"/{left - 1}") if left else page(HEAD))

    site = serve(respond)
    make_fetcher().fetch(site.url("/5"))
    assert refused(make_fetcher(), site.url("/6")).reason == "too_many_redirects"
    assert len(site.requests) == 12


def test_a_loop_ends_at_once(serve: Serve) -> None:
    """A URL is not asked twice."""
    site = serve(redirect("/"))
    assert refused(make_fetcher(), site.url()).reason == "too_many_redirects"
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "javascript:alert(1)",
        "http://[::1",
    ],
)
def test_redirects_to_what_is_no_page(serve: Serve, location: str) -> None:
    """Only http and https are followed."""
    assert refused(make_fetcher(), serve(redirect(location)).url()).reason == "bad_redirect"


def test_redirect_without_location(serve: Serve) -> None:
    """It leads nowhere."""
    site = serve(page("", status="302 Found"))
    assert refused(make_fetcher(), site.url()).reason == "bad_redirect"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "0x7f.1", "localhost"])
def test_redirect_to_a_private_address(serve: Serve, host: str) -> None:
    """The check is made on every hop, before any connection."""
    private = serve(page(HEAD))
    site = serve(redirect(private.url("/", host)), host="127.0.0.2")
    fetcher = make_fetcher(scraper_allow_nets="127.0.0.2")
    assert refused(fetcher, site.url("/", "127.0.0.2")).reason == "forbidden_address"
    assert private.connections == 0


def test_redirect_to_a_forbidden_port(serve: Serve) -> None:
    """Ports are checked on every hop too."""
    site = serve(redirect("http://127.0.0.1:25/"))
    assert refused(make_fetcher(), site.url()).reason == "forbidden_port"


def test_redirect_in_utf8(serve: Serve) -> None:
    """Servers write what they should have quoted."""

    def respond(sock: socket.socket, request: str) -> None:
        sock.sendall(page(HEAD) if "/%C3%A9" in request else redirect("/é x"))

    assert make_fetcher().fetch(serve(respond).url()).url.endswith("/%C3%A9%20x")


# -- statuses and types ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [204, 304, 400, 401, 403, 404, 410, 429, 500, 501, 502, 503, 504]
)
def test_statuses(serve: Serve, status: int) -> None:
    """Those of time and load may pass; a page that is gone is so for a day."""
    site = serve(page(HEAD, "Retry-After: 7", status=f"{status} X"))
    if status == 204:
        assert make_fetcher().fetch(site.url()).head == ""
        return
    error = refused(make_fetcher(), site.url())
    assert (error.reason, error.detail) == (f"http_{status}", f"status {status}")
    if status in {429, 500, 502, 503, 504}:
        assert isinstance(error, Transient)
        assert error.after == 7
    else:
        assert not isinstance(error, Transient)
        assert error.keep == {404: 86_400, 410: 86_400, 501: 1800}.get(status, 3600)


@pytest.mark.parametrize("content_type", ["application/zip", "font/woff2", "application/wasm"])
def test_other_types(serve: Serve, content_type: str) -> None:
    """Not all that can be fetched has a preview."""
    site = serve(page(HEAD, f"Content-Type: {content_type}"))
    error = refused(make_fetcher(), site.url())
    assert error.reason == "not_html"


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


def endless(begin: bytes, unit: bytes, pause: float = 0) -> Callable[[socket.socket, str], None]:
    """Sends for as long as the client takes it, 30 s at most."""

    def respond(sock: socket.socket, _request: str) -> None:
        end = time.monotonic() + 30
        sock.sendall(begin)
        while time.monotonic() < end:
            sock.sendall(unit)
            time.sleep(pause)

    return respond


OK = b"HTTP/1.1 200 OK\r\n"


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


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), False),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), True),
        (socket.gaierror(socket.EAI_FAIL, "Failure"), True),
    ],
)
def test_names_that_are_not_resolved(error: OSError, transient: bool) -> None:
    """A name that is not there is not asked for again."""

    def resolve(*_: object) -> list[tuple[Any, ...]]:
        raise error

    found = refused(make_fetcher(resolve), "http://a.test/")
    assert found.reason == "dns"
    assert isinstance(found, Transient) is transient


def test_a_name_without_address() -> None:
    """A resolver may have nothing to say."""
    assert refused(make_fetcher(lambda *_: []), "http://a.test/").reason == "refused"
