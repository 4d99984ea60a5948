"""Checks of addresses and certificates. test_green runs the file on green threads too."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from splitflap_scraper.fetch.errors import Transient

from tests.integration.scraper.fetching import PageFetcher, Serve, answers, make_fetcher, refused
from tests.integration.scraper.site import HEAD, page, redirect

# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]",
     "[::1]", "[::]", "0.0.0.0", "0", "\uff11\uff12\uff17.0.0.1", "LOCALHOST.", "169.254.169.254",
     "10.0.0.1", "[64:ff9b::7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]"],
)  # fmt: skip
def test_loopback_is_refused_in_every_spelling(serve: Serve, host: str) -> None:
    """The scraper does not connect."""
    site = serve(page(HEAD))
    error = refused(make_fetcher(scraper_allow_nets=""), site.url("/", host))
    assert error.reason == "forbidden_address"
    assert not isinstance(error, Transient)
    assert site.connections == 0


def test_only_allowed_networks_are_reached(serve: Serve) -> None:
    """Neighbouring networks stay forbidden."""
    site = serve(page(HEAD), host="0.0.0.0")
    fetcher = make_fetcher(scraper_allow_nets="127.0.0.2/32, 127.0.0.4/31")
    for host in ("127.0.0.2", "127.0.0.4", "127.0.0.5"):
        fetcher.fetch(site.url("/", host))
    for host in ("127.0.0.1", "127.0.0.3", "127.0.0.6"):
        assert refused(fetcher, site.url("/", host)).reason == "forbidden_address"
    assert site.connections == 3


def test_one_forbidden_address_bars_the_name(serve: Serve) -> None:
    """The forbidden address may come after an allowed one."""
    site = serve(page(HEAD))
    error = refused(make_fetcher(answers("127.0.0.1 10.0.0.1")), site.url("/", "a.test"))
    assert error.reason == "forbidden_address"
    assert site.connections == 0


def test_the_connection_goes_to_the_checked_address(serve: Serve) -> None:
    """The name is resolved once for a request."""
    good = serve(page(HEAD), host="127.0.0.2")
    evil = serve(page(HEAD), host="127.0.0.1", port=good.port)
    resolve = answers("127.0.0.2", "127.0.0.1")
    make_fetcher(resolve, scraper_allow_nets="127.0.0.2").fetch(good.url("/", "rebind.test"))
    assert (good.connections, evil.connections) == (1, 0)
    assert f"Host: rebind.test:{good.port}\r\n" in good.requests[0]


def test_a_redirect_to_the_same_name_is_checked_again(serve: Serve) -> None:
    """The name then has another address."""
    good = serve(redirect("/next"), host="127.0.0.2")
    evil = serve(page(HEAD), host="127.0.0.1", port=good.port)
    resolve = answers("127.0.0.2", "127.0.0.1")
    fetcher = make_fetcher(resolve, scraper_allow_nets="127.0.0.2")
    assert refused(fetcher, good.url("/", "rebind.test")).reason == "forbidden_address"
    assert (good.connections, evil.connections) == (1, 0)


def test_the_next_address_is_tried_after_a_dead_one(serve: Serve) -> None:
    """A name has several addresses."""
    site = serve(page(HEAD), host="127.0.0.2")
    resolve = answers("127.0.0.3 127.0.0.2")
    make_fetcher(resolve, scraper_allow_nets="127.0.0.0/8").fetch(site.url("/", "two.test"))
    assert site.connections == 1


# -- TLS -------------------------------------------------------------------------------------------


def secure(certificate: Path, *addresses: str) -> PageFetcher:
    """Make a fetcher that trusts the certificate's CA."""
    nets = "127.0.0.0/8"
    resolve = answers(*addresses)
    return make_fetcher(resolve, scraper_allow_nets=nets, scraper_ca_file=str(certificate))


def test_the_certificate_is_checked_by_the_name_of_the_url(
    serve: Serve, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    """The connection goes to an address."""
    site = serve(page(HEAD), host="127.0.0.5", tls=server_tls)
    found = secure(certificate, "127.0.0.5").fetch(site.url("/", "site.test."))
    assert found.head == "<title>T</title>"
    assert site.server_names == ["site.test"]
    assert f"Host: site.test:{site.port}\r\n" in site.requests[0]


def test_an_address_in_the_url_is_checked_by_the_certificate(
    serve: Serve, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    """The certificate lists the address."""
    site = serve(page(HEAD), host="127.0.0.2", tls=server_tls)
    fetcher = make_fetcher(scraper_allow_nets="127.0.0.2", scraper_ca_file=str(certificate))
    assert fetcher.fetch(site.url("/", "127.0.0.2")).head == "<title>T</title>"


def test_a_certificate_for_another_name_is_refused(
    serve: Serve, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    """The server gets no request."""
    site = serve(page(HEAD), tls=server_tls)
    error = refused(secure(certificate, "127.0.0.1"), site.url("/", "other.test"))
    assert error.reason == "tls"
    assert site.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(
    serve: Serve, server_tls: ssl.SSLContext
) -> None:
    """The server gets no request."""
    site = serve(page(HEAD), tls=server_tls)
    assert refused(make_fetcher(answers("127.0.0.1")), site.url("/", "site.test")).reason == "tls"
    assert site.requests == []


def test_a_server_without_tls_is_refused() -> None:
    """The server speaks plain HTTP on this port."""
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
