"""Redirects. test_green runs the file on green threads too."""

import socket

import pytest

from tests.integration.scraper.fetching import Serve, make_fetcher, refused
from tests.integration.scraper.site import HEAD, page, redirect


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_each_redirect_status_is_followed(serve: Serve, status: int) -> None:
    """The page has the last URL."""
    target = serve(page(HEAD))
    site = serve(redirect(target.url("/t"), f"{status} X"))
    assert make_fetcher().fetch(site.url()).url == target.url("/t")


def test_five_redirects_are_followed(serve: Serve) -> None:
    """A sixth one fails."""

    def respond(sock: socket.socket, request: str) -> None:
        left = int(request.split()[1].strip("/"))
        sock.sendall(redirect(f"/{left - 1}") if left else page(HEAD))

    site = serve(respond)
    make_fetcher().fetch(site.url("/5"))
    assert refused(make_fetcher(), site.url("/6")).reason == "too_many_redirects"
    assert len(site.requests) == 12


def test_a_loop_of_redirects_ends_at_once(serve: Serve) -> None:
    """Each URL gets one request."""
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
def test_a_redirect_to_an_invalid_url_fails(serve: Serve, location: str) -> None:
    """Only http and https are valid."""
    assert refused(make_fetcher(), serve(redirect(location)).url()).reason == "bad_redirect"


def test_a_redirect_that_has_no_location_fails(serve: Serve) -> None:
    """The reason is `bad_redirect`."""
    site = serve(page("", status="302 Found"))
    assert refused(make_fetcher(), site.url()).reason == "bad_redirect"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "0x7f.1", "localhost"])
def test_a_redirect_to_a_private_address_is_refused(serve: Serve, host: str) -> None:
    """The scraper does not connect."""
    private = serve(page(HEAD))
    site = serve(redirect(private.url("/", host)), host="127.0.0.2")
    fetcher = make_fetcher(scraper_allow_nets="127.0.0.2")
    assert refused(fetcher, site.url("/", "127.0.0.2")).reason == "forbidden_address"
    assert private.connections == 0


def test_a_redirect_to_a_forbidden_port_is_refused(serve: Serve) -> None:
    """The check holds for each hop."""
    site = serve(redirect("http://127.0.0.1:25/"))
    assert refused(make_fetcher(), site.url()).reason == "forbidden_port"


def test_a_location_in_utf8_is_quoted(serve: Serve) -> None:
    """Servers send it unquoted."""

    def respond(sock: socket.socket, request: str) -> None:
        sock.sendall(page(HEAD) if "/%C3%A9" in request else redirect("/é x"))

    assert make_fetcher().fetch(serve(respond).url()).url.endswith("/%C3%A9%20x")
