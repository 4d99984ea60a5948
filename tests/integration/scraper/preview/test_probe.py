"""Probes of images: a preview has only a picture that was fetched, with all checks of a page."""

import json
import socket
import time
from ipaddress import ip_network
from typing import Any

import pytest
from splitflap_core.contracts import PreviewFields
from splitflap_core.urls.addresses import AddressRules
from splitflap_scraper.preview import probe
from splitflap_scraper.preview.builder import PreviewBuilder
from splitflap_scraper.preview.oembed.providers import Providers
from splitflap_scraper.preview.readers import reader_for

from tests.integration.scraper.fetching import Serve, answers, make_fetcher
from tests.integration.scraper.site import MISSING, Site, endless, page, paths, redirect

RULES = AddressRules((ip_network("127.0.0.0/8"),), (), frozenset({"own.corp"}))

HEAD = "<title>One</title><meta property=og:image content=/i><meta property=og:image:alt content=A>"


def preview(
    url: str, *, probe_images: bool = True, providers: Providers | None = None, **settings: Any
) -> PreviewFields:
    """Build a preview with verified images."""
    resolve = settings.pop("resolve", None)
    with make_fetcher(resolve, **settings).visit() as visit:
        builder = PreviewBuilder(RULES, providers or Providers(()), probe_images=probe_images)
        return builder.preview(visit, url).fields


def png(width: int, height: int, size: int = 0) -> bytes:
    """The start of an image, and more bytes."""
    sizes = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + sizes + b"\x08\x02\0\0\0" + bytes(size)


def image(data: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A response with an image."""
    return page(data, "Content-Type: image/png", *headers, status=status)


def asked(site: Site) -> list[str]:
    """The paths of the requests."""
    return [each.split()[1] for each in site.requests]


def test_a_verified_picture_has_its_own_size(serve: Serve) -> None:
    """Not the one that the page gives."""
    sizes = "<meta property=og:image:width content=64><meta property=og:image:height content=64>"
    site = serve(paths(MISSING, index=page(HEAD + sizes), i=image(png(1200, 630, 200_000))))
    found = preview(site.url())
    assert (found.image, found.image_width, found.image_height) == (site.url("/i"), 1200, 630)
    assert (found.image_alt, found.card) == ("A", "large")
    assert asked(site) == ["/", "/i"]


@pytest.mark.parametrize(("asked", "card"), [("", "large"), ("summary", "summary")])
def test_the_real_size_gives_the_form_of_a_card(serve: Serve, asked: str, card: str) -> None:
    """Unless the page asks for one."""
    head = f"{HEAD}<meta name=twitter:card content='{asked}'>"
    site = serve(paths(MISSING, index=page(head), i=image(png(1200, 630))))
    assert preview(site.url()).card == card


def test_images_are_not_fetched_without_the_setting(serve: Serve) -> None:
    """A probe costs the site a request."""
    site = serve(paths(MISSING, index=page(HEAD), i=image(png(1200, 630))))
    found = preview(site.url(), probe_images=False)
    assert (found.image, found.image_width) == (site.url("/i"), None)
    assert asked(site) == ["/"]


LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 11000000\r\n\r\n" + png(1200, 630, 100_000)
HTML = b"<!doctype html><html><body><svg width='100' height='100'></svg>"


@pytest.mark.parametrize(
    "answer",
    [
        MISSING,
        page("", status="500 X"),
        image(b""),
        image(b"not an image at all, with some length"),
        image(HTML),
        image(b"<?xml version='1.0'?><html><body><svg width='100' height='100'></svg>"),
        image(b"%PDF-1.7 \n" + bytes(100)),
        image(png(1, 1)),
        image(png(1200, 49)),
        image(png(0, 0)),
        image(png(20_000, 20_000)),
        image(png(4_000_000_000, 100)),
        image(b"\x89PNG\r\n\x1a\n"),
        image(b"\xff\xd8\xff\xe0" + bytes(70_000)),
        image(b"\xff\xd8" + b"\xff" * 70_000),
        image(b"RIFF\0\0\0\0WAVEfmt " + bytes(100)),
        image(b"\0\0\0\x20ftypisom" + bytes(100) + b"ispe" + bytes(12)),
        LARGE,
        redirect("http://10.0.0.1/i"),
        redirect("http://169.254.169.254/latest/meta-data"),
        redirect("http://[::1]/i"),
        redirect("ftp://a.example/i"),
        redirect("/i"),
        b"nonsense",
        b"",
    ],
)
def test_a_picture_that_fails_its_probe_is_left_out(serve: Serve, answer: bytes) -> None:
    """With the fields about it. The rest of the preview stays."""
    site = serve(paths(MISSING, index=page(HEAD), i=answer))
    assert preview(site.url()) == PreviewFields(title="One", type="website")


@pytest.mark.parametrize(
    "data",
    [
        png(50, 50),
        b"GIF89a\x40\x01\xf0\x00",
        b"\xff\xd8\xff\xe0\0\x04\0\0\xff\xff\xff\xc0\0\x11\x08\0\xf0\x01\x40" + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\x01\0\xef\0\0",
        b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf" + b"\0\0\0\x14ispe\0\0\0\0\0\0\x01\x40\0\0\0\xf0",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='320' height='240'>",
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a --><svg viewBox='0 0 320 240'>",
    ],
)
def test_an_image_is_known_by_its_bytes(serve: Serve, data: bytes) -> None:
    """Many servers send a wrong type."""
    answer = page(data, "Content-Type: application/octet-stream")
    site = serve(paths(MISSING, index=page(HEAD), i=answer))
    assert preview(site.url()).image == site.url("/i")


def test_the_second_picture_is_tried_and_no_third(serve: Serve) -> None:
    """Each is a request."""
    metas = "".join(f"<meta property=og:image content=/{name}>" for name in "ijk")
    index = page(f"<title>One</title>{metas}")
    good = image(png(320, 240))
    site = serve(paths(MISSING, index=index, j=good, k=good))
    assert preview(site.url()).image == site.url("/j")
    assert asked(site) == ["/", "/i", "/j"]
    other = serve(paths(MISSING, index=index, k=good))
    assert preview(other.url()).image is None
    assert asked(other) == ["/", "/i", "/j"]


def test_a_probe_follows_public_redirects(serve: Serve) -> None:
    """The preview keeps the page's own URL."""
    site = serve(paths(MISSING, index=page(HEAD), i=redirect("/j"), j=image(png(320, 240))))
    assert preview(site.url()).image == site.url("/i")


def test_a_probe_respects_robots_txt(serve: Serve) -> None:
    """The image's origin may bar it."""
    robots = page("User-agent: *\nDisallow: /i\n", "Content-Type: text/plain")
    site = serve(paths(MISSING, index=page(HEAD), i=image(png(320, 240)), robots=robots))
    assert preview(site.url(), scrape_robots=True).image is None
    assert asked(site) == ["/robots.txt", "/"]


def test_a_probe_checks_the_addresses_of_a_name(serve: Serve) -> None:
    """A public name may have a private address."""
    site = serve(
        page("<title>One</title><meta property=og:image content=https://public.example/i>")
    )
    assert preview(site.url(), resolve=answers("10.0.0.1")).image is None
    assert preview(site.url(), resolve=answers("93.184.215.14 127.0.0.2")).image is None


def test_a_probe_respects_the_lists_of_the_operator(serve: Serve) -> None:
    """A host that the scraper must not request is no place of a verified picture."""
    other = serve(image(png(320, 240)))
    url = f"http://own.corp:{other.port}/i"
    site = serve(page(f"<title>One</title><meta property=og:image content={url}>"))
    there: Any = {"resolve": answers("127.0.0.1")}
    assert preview(site.url(), **there).image == url
    assert preview(site.url(), **there, scraper_deny_hosts="own.corp").image is None
    assert preview(site.url(), **there, scraper_allow_hosts="127.0.0.1").image is None
    assert preview(site.url(), **there, scraper_ports=str(site.port)).image is None


def test_a_slow_image_costs_only_the_picture(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each probe has its own limit, and the page stays."""
    monkeypatch.setattr(probe, "SECONDS", 0.3)
    begin = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n"
    drip = endless(begin, b"\0", 0.02)

    def respond(sock: socket.socket, request: str) -> None:
        if "GET /i" in request or "GET /j" in request:
            drip(sock, request)
        else:
            sock.sendall(page(f"{HEAD}<meta property=og:image content=/j>"))

    site = serve(respond)
    with make_fetcher().visit() as visit:
        builder = PreviewBuilder(RULES, Providers(()), probe_images=True)
        found = builder.preview(visit, site.url()).fields
        # The rest of the visit's time is left.
        assert visit.get(site.url("/other"), reader_for).head.status == 200
    assert (found.title, found.image) == ("One", None)
    assert asked(site) == ["/", "/i", "/j", "/other"]


def test_a_probe_reads_a_bounded_part(serve: Serve) -> None:
    """The connection is closed, whatever more the server has."""
    served: list[int] = []

    def respond(sock: socket.socket, request: str) -> None:
        if "GET /i" not in request:
            sock.sendall(page(HEAD))
            return
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xe0\xff\xff")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            served.append(sock.send(bytes(65_536)))

    site = serve(respond)
    assert preview(site.url()).image is None
    assert sum(served) < 20 * 1024 * 1024


def test_the_thumbnail_of_oembed_is_verified_too(serve: Serve) -> None:
    """Also where the provider stands for a page that refuses the scraper."""
    site = serve(image(png(320, 240)))
    answer = json.dumps({"type": "photo", "title": "P", "thumbnail_url": site.url("/t")})
    refusing = serve(
        paths(page("", status="403 X"), o=page(answer, "Content-Type: application/json"))
    )
    known = Providers(((refusing.url("/o"), (refusing.url("/*"),)),))
    assert preview(refusing.url("/p"), providers=known).image == site.url("/t")
    gone = json.dumps({"type": "photo", "title": "P", "thumbnail_url": refusing.url("/t")})
    other = serve(paths(page("", status="403 X"), o=page(gone, "Content-Type: application/json")))
    known = Providers(((other.url("/o"), (other.url("/*"),)),))
    found = preview(other.url("/p"), providers=known)
    assert (found.title, found.image, found.image_width) == ("P", None, None)


def test_a_posted_image_is_not_fetched_twice(serve: Serve) -> None:
    """The preview of a file has read it already."""
    site = serve(image(png(320, 240)))
    assert preview(site.url("/i.png")).image == site.url("/i.png")
    assert asked(site) == ["/i.png"]
