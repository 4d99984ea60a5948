"""The safe fetch with real servers on loopback. test_green runs the file on green threads too."""

import socket
import sys
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
from splitflap_scraper.fetch.errors import Transient
from splitflap_scraper.process.reasons import keep_of

from tests.integration.scraper.fetching import Page, Serve, answers, make_fetcher, refused
from tests.integration.scraper.site import HEAD, page, paths

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# -- requests and pages ----------------------------------------------------------------------------


def test_a_page_has_its_head_its_url_and_its_lifetime(serve: Serve) -> None:
    """The URL has lost its credentials."""
    site = serve(page(HEAD, "Cache-Control: max-age=7200"))
    found = make_fetcher().fetch(site.url("/x?y").replace("//", "//user:secret@"))
    assert found == Page(site.url("/x?y"), "<title>T</title>", 7200)


def test_a_request_has_the_host_and_the_user_agent_but_no_secret(serve: Serve) -> None:
    """The request after a redirect has the same fields."""
    first = page("", "Location: /2", status="302 Found")

    def respond(sock: socket.socket, request: str) -> None:
        sock.sendall(page(HEAD) if "GET /2" in request else first)

    site = serve(respond)
    url = site.url("/1", "u:p@site.test")
    make_fetcher(answers("127.0.0.1"), user_agent="Testing/1", scraper_contact="").fetch(url)
    assert len(site.requests) == 2
    for request in site.requests:
        lines = request.split("\r\n")
        assert f"Host: site.test:{site.port}" in lines
        assert "User-Agent: Testing/1" in lines
        assert "Accept-Encoding: gzip, deflate" in lines
        assert not any(line.lower().startswith(("cookie", "authorization")) for line in lines)


def test_proxies_of_the_environment_are_ignored(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would resolve names by itself."""
    proxy, site = serve(page("")), serve(page(HEAD))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url())
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"
    assert proxy.connections == 0


def test_a_page_that_has_no_type_is_html(serve: Serve) -> None:
    """Missing fields stay empty."""
    assert make_fetcher().fetch(serve(b"HTTP/1.0 200\r\n\r\nx").url()).head == ""


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "é"),
        (b"", "é"),
    ],
)
def test_informational_responses_are_skipped(serve: Serve, head: bytes, expected: str) -> None:
    """100 and 103 come before the final response."""
    found = make_fetcher().fetch(serve(head + page("<title>é</title>")).url())
    assert found.head == f"<title>{expected}</title>"


def test_the_charset_of_http_is_used(serve: Serve) -> None:
    """The charset may be quoted, and stand beside other parameters."""
    body = "<title>ж</title>".encode("cp1251")
    for value in ("text/html;charset=windows-1251", 'Text/HTML; a=b; Charset="windows-1251"'):
        found = make_fetcher().fetch(serve(page(body, f"Content-Type: {value}")).url())
        assert found.head == "<title>ж</title>"


def test_a_chunked_body_is_read(serve: Serve) -> None:
    """Each chunk has one byte."""
    body = b"".join(b"1;x=y\r\n%c\r\n" % each for each in HEAD.encode())
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"
    assert make_fetcher().fetch(serve(raw).url()).head == "<title>T</title>"


@pytest.mark.parametrize(("coding", "wbits"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_compressed_bodies_are_decompressed(serve: Serve, coding: str, wbits: int) -> None:
    """Deflate works with and without its header."""
    squeeze = zlib.compressobj(wbits=wbits)
    body = squeeze.compress(HEAD.encode()) + squeeze.flush()
    site = serve(page(body, f"Content-Encoding: {coding}"))
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"


@pytest.mark.parametrize(
    ("coding", "squeeze"),
    [
        ("br", brotli.compress),
        ("zstd", zstd.compress),
        (
            "gzip",
            lambda page: zlib.compress(page[:9], wbits=31) + zlib.compress(page[9:], wbits=31),
        ),
        ("gzip", bytes),
        ("br", bytes),
        ("none", bytes),
        ("utf-8", bytes),
        ("gzip, br", lambda page: brotli.compress(zlib.compress(page, wbits=31))),
        ("gzip, gzip", lambda page: zlib.compress(page, wbits=31)),
    ],
)
def test_codings_are_read_as_servers_declare_them(
    serve: Serve, coding: str, squeeze: Callable[[bytes], bytes]
) -> None:
    """Some declare what they did not apply, or have applied twice."""
    site = serve(page(squeeze(HEAD.encode()), f"Content-Encoding: {coding}"))
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"


# -- statuses and types ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [204, 304, 400, 401, 403, 404, 410, 429, 500, 501, 502, 503, 504]
)
def test_each_status_is_final_or_transient(serve: Serve, status: int) -> None:
    """A missing page stays known for a day."""
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
        assert keep_of(error) == {404: 86_400, 410: 86_400, 501: 1800}.get(status, 3600)


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206])
def test_a_success_of_any_kind_may_have_a_page(serve: Serve, status: int) -> None:
    """Its Location is no redirect."""
    site = serve(page(HEAD, "Location: /2", status=f"{status} X"))
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"


@pytest.mark.parametrize("status", [204, 205])
def test_a_response_without_content_ends_with_its_head(serve: Serve, status: int) -> None:
    """The connection stays open, and the server sends no length."""

    def respond(sock: socket.socket, _request: str) -> None:
        sock.sendall(f"HTTP/1.1 {status} X\r\n\r\n".encode())
        sock.recv(1)

    assert make_fetcher(scrape_deadline=5).fetch(serve(respond).url()).head == ""


def test_a_304_without_a_condition_is_final(serve: Serve) -> None:
    """There is no page that it could renew."""
    assert refused(make_fetcher(), serve(page("", status="304 X")).url()).reason == "http_304"


def test_choices_with_a_location_are_a_redirect(serve: Serve) -> None:
    """Without one they are no page."""
    site = serve(paths(page("", "Location: /2", status="300 X"), **{"2": page(HEAD)}))
    assert make_fetcher().fetch(site.url()).url == site.url("/2")
    assert refused(make_fetcher(), serve(page("", status="300 X")).url()).reason == "http_300"


def test_the_last_of_several_types_counts(serve: Serve) -> None:
    """A server and its program both name one."""
    site = serve(page(HEAD, "Content-Type: text/plain", "Content-Type: text/html"))
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"


@pytest.mark.parametrize("content_type", ["application/x-thing", "chemical/x-pdb", "multipart/x"])
def test_other_types_are_refused(serve: Serve, content_type: str) -> None:
    """Other media types have no preview."""
    site = serve(page(HEAD, f"Content-Type: {content_type}"))
    error = refused(make_fetcher(), site.url())
    assert error.reason == "not_html"


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), False),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), True),
        (socket.gaierror(socket.EAI_FAIL, "Failure"), True),
    ],
)
def test_only_a_missing_name_is_final(error: OSError, transient: bool) -> None:
    """Other errors of the resolver are transient."""

    def resolve(*_: object) -> list[tuple[Any, ...]]:
        raise error

    found = refused(make_fetcher(resolve), "http://a.test/")
    assert found.reason == "dns"
    assert isinstance(found, Transient) is transient


def test_a_name_that_has_no_address_is_refused() -> None:
    """The resolver returns an empty list."""
    assert refused(make_fetcher(lambda *_: []), "http://a.test/").reason == "refused"
