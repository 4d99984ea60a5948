"""The safe fetch, against real servers on loopback. test_green runs it all on green threads."""

import socket
import zlib
from typing import Any

import pytest
from splitflap_scraper.fetch.errors import Transient
from splitflap_scraper.process.reasons import keep_of

from tests.integration.scraper.fetching import Page, Serve, answers, make_fetcher, refused
from tests.integration.scraper.site import HEAD, page

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
        assert keep_of(error) == {404: 86_400, 410: 86_400, 501: 1800}.get(status, 3600)


@pytest.mark.parametrize("content_type", ["application/zip", "font/woff2", "application/wasm"])
def test_other_types(serve: Serve, content_type: str) -> None:
    """Not all that can be fetched has a preview."""
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
