"""Reuse of connections. test_green runs the file on green threads too."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from splitflap_core.telemetry import Metrics
from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.http import idle_connections

from tests.integration.scraper.fetching import PageFetcher, Serve, answers, make_fetcher
from tests.integration.scraper.site import page, redirect
from tests.support import wait_until

HEAD = "<title>T</title>"

#: Answers a request on an open connection. It receives the number of the request, and its text.
Answer = Callable[[int, str], bytes]


def keeping(answer: Answer | bytes, closed: Callable[[], None] = lambda: None) -> Any:
    """Answer one request after the other on a connection."""

    def respond(sock: socket.socket, request: str) -> None:
        number = 0
        while request:
            sock.sendall(answer if isinstance(answer, bytes) else answer(number, request))
            number += 1
            # The client's end may be a reset.
            try:
                request = sock.recv(65_536).decode("latin-1")
            except OSError:
                break
        closed()

    return respond


def fetched(fetcher: PageFetcher, *urls: str) -> None:
    """Fetch each URL, and check its title."""
    for url in urls:
        assert fetcher.fetch(url).head == HEAD


def test_several_pages_use_one_connection(serve: Serve) -> None:
    """Cookies, challenges and credentials do not change this."""
    site = serve(keeping(page(HEAD, "Set-Cookie: a=b", "WWW-Authenticate: Basic")))
    fetched(make_fetcher(), site.url("/1"), site.url("/1", "u:p@127.0.0.1"), site.url("/1"))
    assert site.connections == 1


def test_connections_are_counted(serve: Serve) -> None:
    """New and kept ones have a label each. A closed idle connection counts as neither."""
    metrics = Metrics("scraper")
    fetcher = make_fetcher(metrics=metrics)
    steady, fickle = serve(keeping(page(HEAD))), serve(closing)
    fetched(fetcher, steady.url("/1"), steady.url("/2"), steady.url("/3"))
    fetched(fetcher, fickle.url("/1"), fickle.url("/2"))
    said = metrics.exposition().decode()
    assert 'splitflap_scraper_connections_total{origin="new"} 3.0' in said
    assert 'splitflap_scraper_connections_total{origin="kept"} 2.0' in said


def test_a_request_is_the_same_on_a_kept_connection(serve: Serve) -> None:
    """The request has the same bytes as on a new connection."""
    seen: list[str] = []

    def answer(_number: int, request: str) -> bytes:
        seen.append(request)
        return page(HEAD, "Set-Cookie: a=b")

    site = serve(keeping(answer))
    fetched(make_fetcher(), site.url("/x"), site.url("/x"))
    assert (site.connections, len(seen), len(set(seen))) == (1, 2, 1)


def test_redirects_use_one_connection(serve: Serve) -> None:
    """Each hop is checked, and may use the connection of the last."""
    site = serve(keeping(lambda _, request: page(HEAD) if " /2 " in request else redirect("/2")))
    fetched(make_fetcher(), site.url("/1"))
    assert site.connections == 1


def test_a_chunked_page_leaves_its_connection_usable(serve: Serve) -> None:
    """The reader takes the last chunk too."""
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HEAD), HEAD.encode())
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    site = serve(keeping(head + chunks))
    fetched(make_fetcher(), site.url("/1"), site.url("/2"))
    assert site.connections == 1


# -- only for the checked address ------------------------------------------------------------------


def test_a_name_with_a_new_address_gets_a_new_connection(serve: Serve) -> None:
    """The new address is checked, and the old connection stays unused."""
    old = serve(keeping(page(HEAD)), host="127.0.0.2")
    new = serve(keeping(page(HEAD)), host="127.0.0.3", port=old.port)
    resolve = answers("127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.2")
    fetcher = make_fetcher(resolve, scraper_allow_nets="127.0.0.0/8")
    url = old.url("/", "a.test")
    fetched(fetcher, url, url)
    assert (old.connections, new.connections) == (1, 0)
    fetched(fetcher, url)
    assert (old.connections, new.connections) == (1, 1)
    fetched(fetcher, url)
    assert (old.connections, new.connections) == (1, 1)


def test_a_name_with_a_forbidden_address_is_refused(serve: Serve) -> None:
    """An idle connection to a good address does not help."""
    site = serve(keeping(page(HEAD)), host="127.0.0.2")
    evil = serve(keeping(page(HEAD)), host="127.0.0.1", port=site.port)
    resolve = answers("127.0.0.2", "127.0.0.1", "127.0.0.2 127.0.0.1")
    fetcher = make_fetcher(resolve, scraper_allow_nets="127.0.0.2")
    fetched(fetcher, site.url("/1", "a.test"))
    for path in ("/2", "/3"):
        with pytest.raises(FetchError) as error:
            fetcher.fetch(site.url(path, "a.test"))
        assert error.value.reason == "forbidden_address"
    assert (site.connections, len(site.requests), evil.connections) == (1, 1, 0)


def test_names_ports_and_schemes_have_their_own_connections(serve: Serve) -> None:
    """Two names of one address share none."""
    site = serve(keeping(page(HEAD)))
    fetcher = make_fetcher(answers("127.0.0.1"))
    fetched(fetcher, site.url("/", "a.test"), site.url("/", "b.test"), site.url("/", "a.test"))
    assert site.connections == 2


def test_a_kept_connection_saves_the_tls_handshake(
    serve: Serve, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    """The connection belongs to the name that the handshake has checked."""
    site = serve(keeping(page(HEAD)), tls=server_tls)
    nets: dict[str, Any] = {
        "scraper_allow_nets": "127.0.0.0/8",
        "scraper_ca_file": str(certificate),
    }
    fetcher = make_fetcher(answers("127.0.0.1"), **nets)
    fetched(fetcher, site.url("/1", "site.test"), site.url("/2", "site.test"))
    assert (site.connections, site.server_names) == (1, ["site.test"])
    with pytest.raises(FetchError) as error:
        fetcher.fetch(site.url("/3", "other.test"))
    assert error.value.reason == "tls"


# -- only after a clear end ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "response",
    [
        page(HEAD, "Connection: close"),
        page(HEAD).replace(b"HTTP/1.1", b"HTTP/1.0"),
        page(HEAD) + b"more",
        page(HEAD) + page(HEAD),
        page(HEAD, "X : y"),
    ],
)
def test_an_ambiguous_end_closes_the_connection(serve: Serve, response: bytes) -> None:
    """Data after the response closes it too."""
    site = serve(keeping(response))
    fetcher = make_fetcher()
    fetched(fetcher, site.url("/1"))
    fetched(fetcher, site.url("/2"))
    assert site.connections == 2


def test_an_unread_rest_closes_the_connection(serve: Serve) -> None:
    """The scraper would read the rest as the next response."""
    site = serve(keeping(page(HEAD + " " * 65_536)))
    fetcher = make_fetcher(scrape_max_kib=1)
    fetched(fetcher, site.url("/1"), site.url("/2"))
    assert site.connections == 2


def test_a_late_rest_is_never_the_next_response(serve: Serve) -> None:
    """The server sends the rest after the next request."""
    rest = b" " * 63_000 + page("<title>Evil</title>")

    def respond(sock: socket.socket, _request: str) -> None:
        sock.sendall(page(HEAD + " " * 65_520)[:-63_000])
        sock.recv(65_536)
        sock.sendall(rest)

    site = serve(respond)
    fetcher = make_fetcher(scrape_max_kib=1)
    fetched(fetcher, site.url("/1"), site.url("/2"))
    assert site.connections == 2


def test_the_body_of_a_redirect_is_not_awaited(serve: Serve) -> None:
    """The body has no use."""
    begin = b"HTTP/1.1 302 X\r\nLocation: /2\r\nTransfer-Encoding: chunked\r\n\r\n5"
    site = serve(keeping(lambda _, request: page(HEAD) if " /2 " in request else begin))
    fetched(make_fetcher(scrape_deadline=3), site.url("/1"))
    assert site.connections == 2


def test_an_invalid_response_closes_the_connection(serve: Serve) -> None:
    """The next request uses a new one."""
    site = serve(keeping(page("x", "Content-Type: application/x-thing")))
    fetcher = make_fetcher()
    for path in ("/1", "/2"):
        with pytest.raises(FetchError):
            fetcher.fetch(site.url(path))
    assert site.connections == 2


def test_unexpected_data_closes_an_idle_connection(serve: Serve) -> None:
    """The data never count as the next response."""
    late = threading.Event()

    def respond(sock: socket.socket, _request: str) -> None:
        sock.sendall(page(HEAD))
        time.sleep(0.05)
        sock.sendall(page("<title>Evil</title>"))
        late.set()
        sock.recv(65_536)

    site = serve(respond)
    fetcher = make_fetcher()
    fetched(fetcher, site.url("/1"))
    wait_until(late.is_set)
    fetched(fetcher, site.url("/2"))
    assert site.connections == 2


# -- stale ones ------------------------------------------------------------------------------------


def test_a_connection_closed_by_the_server_is_not_used(serve: Serve) -> None:
    """The scraper sees the end before it sends a request."""
    closed = threading.Event()

    def respond(sock: socket.socket, _request: str) -> None:
        sock.sendall(page(HEAD))
        sock.shutdown(socket.SHUT_RDWR)
        closed.set()

    site = serve(respond)
    fetcher = make_fetcher()
    fetched(fetcher, site.url("/1"))
    wait_until(closed.is_set)
    fetched(fetcher, site.url("/2"))
    assert site.connections == 2


def closing(sock: socket.socket, _request: str) -> None:
    """Answer once, and close the connection at the next request."""
    sock.sendall(page(HEAD))
    sock.recv(65_536)


def test_a_stale_connection_is_replaced_once(serve: Serve) -> None:
    """The request is repeated on a new connection."""
    site = serve(closing)
    fetched(make_fetcher(), *[site.url(f"/{number}") for number in range(3)])
    assert site.connections == 3
    assert [request.split()[1] for request in site.requests] == ["/0", "/1", "/2"]


def test_a_new_connection_is_not_replaced(serve: Serve) -> None:
    """A server that closes a new connection has answered."""
    site = serve(b"")
    with pytest.raises(FetchError) as error:
        make_fetcher().fetch(site.url())
    assert (error.value.reason, site.connections) == ("closed", 1)


def test_a_connection_with_a_partial_response_is_not_replaced(serve: Serve) -> None:
    """A truncated response is a response."""

    def respond(sock: socket.socket, _request: str) -> None:
        sock.sendall(page(HEAD))
        sock.recv(65_536)
        sock.sendall(b"HTTP/1.1 2")

    site = serve(respond)
    fetcher = make_fetcher()
    fetched(fetcher, site.url("/1"))
    with pytest.raises(FetchError) as error:
        fetcher.fetch(site.url("/2"))
    assert (error.value.reason, site.connections) == ("closed", 1)


# -- bounds ----------------------------------------------------------------------------------------


def test_idle_connections_are_closed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are closed even if the scraper sends no other request."""
    monkeypatch.setattr(idle_connections, "MAX_IDLE", 0.1)
    closed = threading.Event()
    site = serve(keeping(page(HEAD), closed.set))
    fetcher = make_fetcher()
    fetched(fetcher, site.url("/1"))
    wait_until(closed.is_set)
    # The fetcher is still in use here, so it was not the garbage collector.
    assert fetcher.deadline


def test_the_number_of_idle_connections_is_bounded(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The least recently used connection is closed."""
    monkeypatch.setattr(idle_connections, "MAX_KEPT", 2)
    site = serve(keeping(page(HEAD)))
    fetcher = make_fetcher(answers("127.0.0.1"))
    fetched(fetcher, *[site.url("/", f"{name}.test") for name in "abc"])
    assert site.connections == 3
    fetched(fetcher, *[site.url("/", f"{name}.test") for name in "bc"])
    assert site.connections == 3
    fetched(fetcher, site.url("/", "a.test"))
    assert site.connections == 4
