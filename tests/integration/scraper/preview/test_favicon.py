"""The icon of a site that names none, with real servers."""

import socket
from ipaddress import ip_network
from itertools import count
from typing import Any

import pytest
from splitflap_core.urls.addresses import PUBLIC_ONLY, AddressRules
from splitflap_scraper.fetch import allowance
from splitflap_scraper.preview import favicon
from splitflap_scraper.preview.builder import PreviewBuilder
from splitflap_scraper.preview.favicon import KEEP, KEEP_TRANSIENT, Favicons
from splitflap_scraper.preview.oembed.providers import Providers
from splitflap_scraper.preview.readers import reader_for
from splitflap_scraper.process.settings import LEAST_BURST

from tests.integration.scraper.fetching import Serve, make_fetcher
from tests.integration.scraper.site import MISSING, Respond, Site, page, paths, redirect

LOOPBACK = AddressRules((ip_network("127.0.0.0/8"),))
ICO = b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0" + b"\0" * 1200
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'/>"
PAGE = page("<title>T</title>")


def site_with(icon: bytes, start: bytes = PAGE, robots: bytes = MISSING) -> Respond:
    """Answer with a page, and with an icon."""
    return paths(start, robots=robots, **{"favicon.ico": icon})


def icon_of(url: str, favicons: Favicons | None = None, **settings: Any) -> str | None:
    """Return the icon of a preview."""
    asker = Favicons() if favicons is None else favicons
    builder = PreviewBuilder(LOOPBACK, Providers(()), favicons=asker)
    with make_fetcher(**settings).visit() as visit:
        return builder.preview(visit, url).fields.icon


def asked(site: Site) -> list[str]:
    """Return the paths of the requests so far."""
    return [each.split()[1] for each in site.requests]


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (ICO, "image/x-icon"),
        (ICO, "image/vnd.microsoft.icon"),
        (ICO, "application/octet-stream"),
        (ICO, "text/plain"),
        (PNG, "image/png"),
        (b"GIF89a\x10\0\x10\0", "image/gif"),
        (SVG, "image/svg+xml"),
    ],
)
def test_a_site_that_names_no_icon_may_have_one(
    serve: Serve, data: bytes, content_type: str
) -> None:
    """Its bytes count, since few servers know the type."""
    site = serve(site_with(page(data, f"Content-Type: {content_type}")))
    assert icon_of(site.url("/a/b?c")) == site.url("/favicon.ico")
    assert asked(site) == ["/a/b?c", "/favicon.ico"]


@pytest.mark.parametrize(
    "answer",
    [
        MISSING,
        page("<title>Not found</title>"),
        page("<html><svg width=9 height=9></svg>"),
        page(SVG, "Content-Type: text/html"),
        page("", "Content-Type: image/x-icon"),
        page("nothing", "Content-Type: image/x-icon"),
        page(ICO, status="404 X"),
        page("", status="204 X"),
        redirect("/"),
        redirect("/favicon.ico"),
        redirect("http://10.0.0.1/favicon.ico"),
        redirect("http://127.0.0.1:25/favicon.ico"),
        page(b"\xff\x00\xfe", "Content-Encoding: gzip"),
        b"",
        b"SSH-2.0\r\n",
    ],
)
def test_an_answer_that_is_no_image_is_no_icon(serve: Serve, answer: bytes) -> None:
    """The preview has its other fields."""
    site = serve(site_with(answer))
    assert icon_of(site.url()) is None


def test_a_named_icon_is_enough(serve: Serve) -> None:
    """The site gets no further request."""
    start = page("<title>T</title><link rel=icon href=https://a.example/i.png>")
    site = serve(site_with(page(ICO), start))
    assert icon_of(site.url()) == "https://a.example/i.png"
    assert asked(site) == ["/"]


def test_an_icon_that_no_preview_may_show_is_not_requested(serve: Serve) -> None:
    """The page is on a network that readers do not reach."""
    site = serve(site_with(page(ICO)))
    builder = PreviewBuilder(PUBLIC_ONLY, Providers(()), favicons=Favicons())
    with make_fetcher().visit() as visit:
        assert builder.preview(visit, site.url()).fields.icon is None
    assert asked(site) == ["/"]


def test_a_redirected_icon_has_its_last_url(serve: Serve) -> None:
    """A reader's browser needs no redirect then."""
    site = serve(paths(PAGE, **{"favicon.ico": redirect("/i"), "i": page(ICO)}))
    assert icon_of(site.url()) == site.url("/i")


def test_the_icon_is_that_of_the_last_page(serve: Serve) -> None:
    """A link of a shortener has the icon of its target."""
    site = serve(site_with(page(ICO)))
    first = serve(site_with(page(ICO), redirect(site.url("/x"))))
    assert icon_of(first.url()) == site.url("/favicon.ico")
    assert asked(first) == ["/"]


def test_robots_may_disallow_the_icon(serve: Serve) -> None:
    """The icon is not requested then."""
    robots = page("User-agent: *\nDisallow: /favicon.ico", "Content-Type: text/plain")
    site = serve(site_with(page(ICO), robots=robots))
    assert icon_of(site.url(), scrape_robots=True) is None
    assert asked(site) == ["/robots.txt", "/"]


@pytest.mark.parametrize("answer", [page(ICO), MISSING])
def test_a_site_is_asked_once_a_day(serve: Serve, answer: bytes) -> None:
    """Also if it has no icon."""
    now = [0.0]
    favicons, site = Favicons(lambda: now[0]), serve(site_with(answer))
    found = {icon_of(site.url(f"/{number}"), favicons) for number in range(3)}
    assert asked(site) == ["/0", "/favicon.ico", "/1", "/2"]
    assert len(found) == 1
    now[0] = KEEP + 1
    icon_of(site.url("/3"), favicons)
    assert asked(site)[-2:] == ["/3", "/favicon.ico"]


def test_a_failing_site_is_asked_again_soon(serve: Serve) -> None:
    """Its failure may pass."""
    now = [0.0]
    favicons, site = Favicons(lambda: now[0]), serve(site_with(b""))
    for moment in (0.0, KEEP_TRANSIENT - 1, KEEP_TRANSIENT + 1):
        now[0] = moment
        icon_of(site.url(), favicons)
    assert asked(site) == ["/", "/favicon.ico", "/", "/", "/favicon.ico"]


def test_a_link_that_used_up_its_redirects_answers_for_no_other(serve: Serve) -> None:
    """Somebody may post such a link to another's site, whose icon has a redirect."""
    favicons = Favicons()
    site = serve(paths(PAGE, **{"favicon.ico": redirect("/i"), "i": page(ICO)}))
    first = serve(site_with(MISSING, redirect(site.url("/x"))))
    assert icon_of(first.url(), favicons, scrape_max_redirects=1) is None
    assert icon_of(site.url(), favicons, scrape_max_redirects=1) == site.url("/i")


def test_a_link_that_used_up_its_requests_answers_for_no_other(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may post a link of many requests to another's site."""
    favicons, site = Favicons(), serve(site_with(page(ICO)))
    monkeypatch.setattr(allowance, "MAX_REQUESTS", 1)
    assert icon_of(site.url(), favicons) is None
    monkeypatch.undo()
    assert icon_of(site.url(), favicons) == site.url("/favicon.ico")


def test_the_icon_is_requested_without_the_cookies_of_a_visit(serve: Serve) -> None:
    """Somebody's link may set large ones, for which the site refuses its icon."""

    def respond(sock: socket.socket, request: str) -> None:
        if "/favicon.ico" in request:
            sock.sendall(page("", status="431 X") if "\r\nCookie:" in request else page(ICO))
        else:
            sock.sendall(page("<title>T</title>", "Set-Cookie: c=x; Path=/"))

    site = serve(respond)
    assert icon_of(site.url()) == site.url("/favicon.ico")


def test_a_link_to_the_icon_itself_answers_for_no_other(serve: Serve) -> None:
    """Its visit does not request the same URL again."""
    favicons, answers = Favicons(), iter([PAGE, page(ICO)])

    def respond(sock: socket.socket, request: str) -> None:
        sock.sendall(next(answers) if "/favicon.ico" in request else PAGE)

    site = serve(respond)
    assert icon_of(site.url("/favicon.ico"), favicons) is None
    assert icon_of(site.url(), favicons) == site.url("/favicon.ico")


def test_a_link_without_time_for_the_icon_answers_for_no_other(serve: Serve) -> None:
    """A slow page left its visit less time than an icon has."""
    favicons, is_slow = Favicons(), [True]

    def respond(sock: socket.socket, request: str) -> None:
        if "/favicon.ico" in request and is_slow:
            sock.recv(1)
        else:
            sock.sendall(page(ICO) if "/favicon.ico" in request else PAGE)

    site = serve(respond)
    assert icon_of(site.url(), favicons, scrape_deadline=1) is None
    is_slow.clear()
    assert icon_of(site.url(), favicons) == site.url("/favicon.ico")


def test_a_busy_host_is_asked_again_by_the_next_preview(serve: Serve) -> None:
    """Other requests to the host used up its limits."""
    favicons, site = Favicons(), serve(site_with(page(ICO)))
    fetcher = make_fetcher(scrape_host_rate=0.01, scrape_limit_own=True)
    with fetcher.visit() as visit:
        for number in range(LEAST_BURST):
            visit.get(site.url(f"/{number}"), reader_for)
        assert favicons.icon(visit, site.url()) is None
    assert icon_of(site.url(), favicons) == site.url("/favicon.ico")


def test_an_endless_chain_of_redirects_is_followed_once_a_day(serve: Serve) -> None:
    """The visit had all its redirects, so the site is the cause."""
    favicons, site = Favicons(), serve(site_with(redirect("/favicon.ico?")))
    for number in range(3):
        icon_of(site.url(f"/{number}"), favicons)
    assert len(asked(site)) == len(set(asked(site)))


@pytest.mark.timeout(20)
def test_a_slow_icon_delays_no_preview_for_long(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a time of its own, within the deadline."""
    monkeypatch.setattr(favicon, "MAX_SECONDS", 0.2)

    def respond(sock: socket.socket, request: str) -> None:
        if "/favicon.ico" in request:
            sock.recv(1)
        else:
            sock.sendall(PAGE)

    site = serve(respond)
    assert icon_of(site.url(), scrape_deadline=60) is None
    assert asked(site) == ["/", "/favicon.ico"]


def test_an_endless_icon_is_read_for_16_kib(serve: Serve) -> None:
    """Its first bytes show that it is an image."""

    def respond(sock: socket.socket, request: str) -> None:
        if "/favicon.ico" not in request:
            sock.sendall(PAGE)
            return
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + ICO)
        for _ in count():
            sock.sendall(b"x" * 65_536)

    site = serve(respond)
    assert icon_of(site.url()) == site.url("/favicon.ico")


def test_the_number_of_known_sites_is_bounded(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was used longest ago is forgotten."""
    monkeypatch.setattr(favicon, "MAX_SITES", 3)
    favicons = Favicons()
    for _ in range(5):
        icon_of(serve(site_with(page(ICO))).url(), favicons)
    assert len(favicons) == 3
