# ruff: noqa: E501 - pages on one line
"""Previews from real servers: refreshes, walls, oEmbed, files."""

import json
import socket
import zlib
from ipaddress import ip_network

import pytest
from splitflap_core.contracts import PreviewFields
from splitflap_core.urls.addresses import AddressRules
from splitflap_scraper.fetch.errors import FetchError, ReaderError
from splitflap_scraper.preview.builder import PreviewBuilder
from splitflap_scraper.preview.oembed.providers import Providers
from splitflap_scraper.preview.readers import PageReader

from tests.integration.scraper.fetching import Serve, make_fetcher
from tests.integration.scraper.site import MISSING, page, paths

LOOPBACK = AddressRules((ip_network("127.0.0.0/8"),))


def preview(url: str, providers: Providers | None = None, redirects: int = 5) -> PreviewFields:
    """Build the preview of a URL."""
    fetcher = make_fetcher(scrape_max_redirects=redirects)
    with fetcher.visit() as visit:
        return PreviewBuilder(LOOPBACK, providers or Providers(())).preview(visit, url).fields


def refused(url: str, redirects: int = 5) -> FetchError:
    """Return the error of a preview."""
    with pytest.raises(FetchError) as error:
        preview(url, redirects=redirects)
    return error.value


REFRESH = "<title>http://x/</title><meta http-equiv=refresh content='0; url=/2'>"


@pytest.mark.parametrize(
    "head",
    [
        REFRESH,
        f"<noscript>{REFRESH}</noscript>",
        "<META HTTP-EQUIV='Refresh' CONTENT='3;URL=\"2\"'>",
    ],
)
def test_a_meta_refresh_is_followed(serve: Serve, head: str) -> None:
    """The preview is that of its target."""
    site = serve(paths(MISSING, index=page(head), **{"2": page("<title>Two</title>")}))
    assert preview(site.url()).title == "Two"


@pytest.mark.parametrize(
    "value", ["0; url=/2", "0;URL='/2'", "5,/2", "1; url=2", "0;url=http://127.0.0.1:{port}/2"]
)
def test_a_refresh_header_is_followed(serve: Serve, value: str) -> None:
    """A meta refresh of the page beats it."""
    port: list[int] = []

    def respond(sock: socket.socket, request: str) -> None:
        said = f"Refresh: {value.format(port=port[0])}"
        is_two = "GET /2" in request
        sock.sendall(page("<title>Two</title>") if is_two else page("<title>One</title>", said))

    site = serve(respond)
    port.append(site.port)
    assert preview(site.url()).title == "Two"
    both = page("<meta http-equiv=refresh content='0;url=/2'>", "Refresh: 0;url=/3")
    site = serve(paths(MISSING, index=both, **{"2": page("<title>Two</title>")}))
    assert preview(site.url()).title == "Two"


@pytest.mark.parametrize("value", ["", "5", "60; url=/2", "x", "0; url=file:///etc/passwd"])
def test_a_refresh_header_without_a_near_target_is_ignored(serve: Serve, value: str) -> None:
    """The page itself counts."""
    one = page("<title>One</title>", f"Refresh: {value}")
    site = serve(paths(MISSING, index=one, **{"2": page("<title>Two</title>")}))
    assert preview(site.url()).title == "One"


def test_a_refresh_header_of_an_error_is_ignored(serve: Serve) -> None:
    """It leads to the check of a wall."""
    challenge = page("<title>Just a moment...</title>", "Refresh: 5; url=/2", status="503 X")
    site = serve(paths(MISSING, index=challenge, **{"2": page("<title>Two</title>")}))
    assert refused(site.url()).reason == "wall"
    assert len(site.requests) == 1


@pytest.mark.parametrize("is_header", [True, False])
def test_a_page_that_sets_a_cookie_and_refreshes_itself_works(
    serve: Serve, is_header: bool
) -> None:
    """The second request has the cookie. A page that sets none is read once."""
    wait = "<title>Cookies are off</title>"
    meta = "" if is_header else "<meta http-equiv=refresh content='0;url=/'>"
    header = ["Refresh: 0; url=/"] if is_header else []

    def respond(sock: socket.socket, request: str) -> None:
        first = page(wait + meta, *header, "Set-Cookie: a=b; Path=/")
        sock.sendall(page("<title>T</title>") if "Cookie: a=b" in request else first)

    site = serve(respond)
    assert preview(site.url()).title == "T"
    assert len(site.requests) == 2
    still = serve(page("<title>Still</title>" + meta, *header))
    assert preview(still.url()).title == "Still"
    assert len(still.requests) == 1


@pytest.mark.parametrize(
    "head",
    [
        "<title>One</title><meta http-equiv=refresh content=300>",
        "<title>One</title><meta http-equiv=refresh content='60;url=/2'>",
        "<title>One</title><noscript><meta http-equiv=refresh content='0;url=/2'></noscript>",
        (
            "<title>x</title><meta property=og:title content=One>"
            "<meta http-equiv=refresh content='0;url=/2'>"
        ),
    ],
)
def test_a_refresh_is_ignored_on_a_page_with_content(serve: Serve, head: str) -> None:
    """The refresh reloads the page, or leads to a notice about scripts."""
    site = serve(paths(MISSING, index=page(head), **{"2": page("<title>Two</title>")}))
    assert preview(site.url()).title == "One"


def test_refreshes_count_as_redirects(serve: Serve) -> None:
    """Refreshes have the same limits and checks as redirects."""
    there, back = (page(f"<meta http-equiv=refresh content='0;url=/{to}'>") for to in "ba")
    site = serve(paths(MISSING, a=there, b=back))
    assert refused(site.url("/b")).reason == "too_many_redirects"
    one = serve(paths(MISSING, index=page(REFRESH), **{"2": page("<title>Two</title>")}))
    assert refused(one.url(), redirects=0).reason == "too_many_redirects"
    inside = serve(page("<meta http-equiv=refresh content='0;url=http://10.0.0.1/'>"))
    assert refused(inside.url()).reason == "forbidden_address"


def test_a_wall_is_a_failure(serve: Serve) -> None:
    """The status of a wall may be a success."""
    challenge = "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>"
    for status in ("200 OK", "403 X", "503 X"):
        error = refused(serve(page(challenge, status=status)).url())
        assert (error.reason, error.detail) == ("wall", "challenge")
    error = refused(serve(page("", "cf-mitigated: challenge", status="403 X")).url())
    assert error.reason == "wall"
    assert refused(serve(page("<title>No</title>", status="403 X")).url()).reason == "http_403"


@pytest.mark.parametrize(
    "title",
    ["Cookies are off", "Error - Cookies Turned Off", "Cookie absent | A Journal",
     "Cookies required", "Please turn on your cookies"],
)  # fmt: skip
def test_a_page_that_wants_cookies_from_a_script_is_a_wall(serve: Serve, title: str) -> None:
    """The scraper runs no scripts. A page about cookies is a page."""
    error = refused(serve(page(f"<title>{title}</title><p>We need them.")).url())
    assert (error.reason, error.detail) == ("wall", "challenge")
    about = "Cookies required skill, and butter"
    assert preview(serve(page(f"<title>{about}</title>")).url()).title == about


def test_a_redirect_to_a_log_in_is_a_wall(serve: Serve) -> None:
    """A log-in page requested by its own URL is a page."""
    form = page("<title>Sign in</title><input type=password>")
    site = serve(
        paths(MISSING, doc=page("", "Location: /login?to=doc", status="302 X"), login=form)
    )
    assert refused(site.url("/doc")).detail == "log-in"
    assert preview(site.url("/login")).title == "Sign in"


def test_oembed_adds_missing_fields(serve: Serve) -> None:
    """The page's own fields stay."""
    answer = {"version": "1.0", "type": "video", "title": "No", "author_name": "A",
              "thumbnail_url": "https://i.example/t.jpg"}  # fmt: skip
    site = serve(
        paths(
            MISSING,
            index=page(
                "<title>One</title><link rel=alternate type=application/json+oembed href=/o?a&amp;b>"
            ),
            o=page(json.dumps(answer), "Content-Type: application/json"),
        )
    )
    found = preview(site.url())
    assert (found.title, found.author, found.type) == ("One", "A", "video")
    assert found.image == "https://i.example/t.jpg"
    assert "GET /o?a&b " in site.requests[1]


def test_oembed_replaces_a_wall(serve: Serve) -> None:
    """The wall itself adds no field."""
    answer = page('{"type":"rich","title":"Song"}', "Content-Type: application/json")
    wall = page("<title>Just a moment...</title><script>_cf_chl_opt</script>")
    site = serve(paths(MISSING, index=wall, o=answer))
    known = Providers(((site.url("/o"), (site.url("/*"),)),))
    assert preview(site.url(), known).title == "Song"


@pytest.mark.parametrize("answer", ["", "[]", "{", "[" * 50_000, '{"title": 1}', "x" * 100_000])
def test_a_broken_oembed_answer_is_ignored(serve: Serve, answer: str) -> None:
    """The page's own fields stay."""
    head = "<title>One</title><link type=application/json+oembed href=/o>"
    site = serve(paths(MISSING, index=page(head), o=page(answer, "Content-Type: application/json")))
    assert preview(site.url()).title == "One"


def test_a_slow_oembed_answer_ends_at_the_deadline(serve: Serve) -> None:
    """The page's own fields stay."""

    def respond(sock: socket.socket, request: str) -> None:
        if "GET /o" in request:
            sock.recv(1)
        else:
            sock.sendall(page("<title>One</title><link type=application/json+oembed href=/o>"))

    site = serve(respond)
    fetcher = make_fetcher(scrape_deadline=0.5)
    with fetcher.visit() as visit:
        found = PreviewBuilder(LOOPBACK, Providers(())).preview(visit, site.url()).fields
    assert found.title == "One"


def png(width: int, height: int) -> bytes:
    """Return the start of an image."""
    sizes = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + sizes + b"\x08\x02\0\0\0"


def test_a_file_has_a_preview_by_its_type(serve: Serve) -> None:
    """Its first bytes decide if the type is unknown."""
    pdf = b"%PDF-1.4\n1 0 obj<</Title(A \\(b\\))/Author(C)/CreationDate(D:20240102030405)/Producer(x)>>endobj"
    site = serve(
        paths(
            MISSING,
            **{
                "a%20b.png": page(png(640, 480), "Content-Type: image/png"),
                "raw": page(png(3, 4), "Content-Type: application/octet-stream"),
                "p.pdf": page(pdf, "Content-Type: application/pdf"),
                "r.md": page("# Read me\nHow to begin.", "Content-Type: text/markdown"),
                "s.mp3": page(b"ID3", "Content-Type: audio/mpeg"),
                "data": page(zlib.compress(b"x" * 99), "Content-Type: application/octet-stream"),
            },
        )
    )
    image = preview(site.url("/a%20b.png"))
    assert (image.title, image.type, image.image) == ("a b.png", "image", site.url("/a%20b.png"))
    assert (image.image_width, image.image_height) == (640, 480)
    assert preview(site.url("/raw")).image_width == 3
    document = preview(site.url("/p.pdf"))
    assert (document.title, document.author, document.type) == ("A (b)", "C", "document")
    assert document.published_at == "2024-01-02T03:04:05Z"
    text = preview(site.url("/r.md"))
    assert (text.title, text.description, text.type) == ("Read me", "How to begin.", "text")
    assert preview(site.url("/s.mp3")) == PreviewFields("s.mp3", type="audio", file_size=3)
    assert refused(site.url("/data")).reason == "not_html"


@pytest.mark.parametrize(
    "said", ["", "html", "unknown/unknown", "application/unknown", "*/*", "charset=utf-8"]
)
def test_a_response_without_a_valid_type_is_sniffed(serve: Serve, said: str) -> None:
    """Its first bytes tell a page, a text and a file apart."""
    header = f"Content-Type: {said}"
    for begin in ("", "\ufeff", " \r\n", "<!-- x -->", "<?xml version='1.0'?>", "<!DOCTYPE html>"):
        assert preview(serve(page(begin + "<title>T</title>", header)).url()).title == "T"
    words = preview(serve(page("# Read me\nHow to begin.", header)).url("/r.md"))
    assert (words.type, words.title) == ("text", "Read me")
    assert preview(serve(page(png(3, 4), header)).url("/a")).type == "image"
    assert refused(serve(page(b"\0\1\2\3" * 99, header)).url()).reason == "not_html"


def test_a_file_that_its_server_calls_a_text_is_sniffed(serve: Serve) -> None:
    """A surer server forbids it, and a page that is called a text stays one."""
    for header in ("text/plain", "text/plain; charset=UTF-8", "text/plain; charset=ISO-8859-1"):
        said = f"Content-Type: {header}"
        assert preview(serve(page(png(3, 4), said)).url("/a")).type == "image"
        assert refused(serve(page(b"\0\1\2\3" * 99, said)).url()).reason == "not_html"
        assert preview(serve(page("<title>T</title>", said)).url("/a.txt")).title == "a.txt"
    for headers in (["text/plain; charset=x"], ["text/plain", "X-Content-Type-Options: nosniff"]):
        site = serve(page(png(3, 4), f"Content-Type: {headers[0]}", *headers[1:]))
        assert preview(site.url("/a")).type == "text"


def test_an_image_of_four_billion_pixels_has_no_size(serve: Serve) -> None:
    """The API would refuse the number, and so the whole preview."""
    site = serve(page(png(2**32 - 1, 480), "Content-Type: image/png"))
    found = preview(site.url("/a.png"))
    assert (found.image_width, found.image_height) == (None, 480)


def test_a_file_at_a_long_url_has_no_image(serve: Serve) -> None:
    """A redirect may lead to a URL beyond the limit of a preview."""
    site = serve(page(png(640, 480), "Content-Type: image/png"))
    found = preview(site.url("/" + "a" * 2000 + ".png"))
    assert (found.type, found.image) == ("image", None)


def test_a_bug_of_a_reader_is_no_bad_response(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site did nothing wrong, and the next release may read its page."""

    def feed(_self: PageReader, _data: bytes, **_end: bool) -> bool:
        raise ValueError

    monkeypatch.setattr(PageReader, "feed", feed)
    site = serve(paths(page("<title>A title</title>")))
    with pytest.raises(ReaderError):
        preview(site.url())
