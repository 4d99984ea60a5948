"""Where redirects lead. test_green runs it all on green threads."""

import socket

import pytest

from tests.integration.scraper.fetching import Serve, make_fetcher, refused
from tests.integration.scraper.site import HEAD, page, redirect


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
