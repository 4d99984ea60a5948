"""Which connections are used again, and for whom. test_green runs it all on green threads."""

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

#: Answers a request on a connection that stays open; gets its number on that connection, and the
#: request's text.
Answer = Callable[[int, str], bytes]


def keeping(answer: Answer | bytes, closed: Callable[[], None] = lambda: None) -> Any:
    """A site that answers one request after the other on its connections, until the client ends."""

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
    """Each has the title."""
    for url in urls:
        assert fetcher.fetch(url).head == HEAD


def test_one_connection_for_several_pages(serve: Serve) -> None:
    """And each request is as if it were the first: no cookie and no other trace of the last."""
    site = serve(keeping(page(HEAD, "Set-Cookie: a=b", "WWW-Authenticate: Basic")))
    fetched(make_fetcher(), site.url("/1"), site.url("/1", "u:p@127.0.0.1"), site.url("/1"))
    assert site.connections == 1


def test_connections_are_counted(serve: Serve) -> None:
    """New ones and those that were kept; one that turns out to have ended is no help, and none."""
    metrics = Metrics("scraper")
    fetcher = make_fetcher(metrics=metrics)
    steady, fickle = serve(keeping(page(HEAD))), serve(closing)
    fetched(fetcher, steady.url("/1"), steady.url("/2"), steady.url("/3"))
    fetched(fetcher, fickle.url("/1"), fickle.url("/2"))
    said = metrics.exposition().decode()
    assert 'splitflap_scraper_connections_total{origin="new"} 3.0' in said
    assert 'splitflap_scraper_connections_total{origin="kept"} 2.0' in said


def test_requests_carry_nothing_over(serve: Serve) -> None:
    """The bytes of a request are the same on a new connection and on one that was used."""
    seen: list[str] = []

    def answer(_number: int, request: str) -> bytes:
        seen.append(request)
        return page(HEAD, "Set-Cookie: a=b")

    site = serve(keeping(answer))
    fetched(make_fetcher(), site.url("/x"), site.url("/x"))
    assert (site.connections, len(seen), len(set(seen))) == (1, 2, 1)


def test_redirects_on_one_connection(serve: Serve) -> None:
    """Each hop is judged by itself, and may use what the last has left."""
    site = serve(keeping(lambda _, request: page(HEAD) if " /2 " in request else redirect("/2")))
    fetched(make_fetcher(), site.url("/1"))
    assert site.connections == 1


def test_chunks_are_read_to_their_end(serve: Serve) -> None:
    """A chunked page leaves a connection that can be used."""
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HEAD), HEAD.encode())
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    site = serve(keeping(head + chunks))
    fetched(make_fetcher(), site.url("/1"), site.url("/2"))
    assert site.connections == 1


# -- only for the address that was judged ----------------------------------------------------------


def test_a_name_that_moves_gets_no_old_connection(serve: Serve) -> None:
    """The name has another address now: that is judged and connected to, the old one left."""
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


def test_a_name_that_is_barred_now_gets_none_at_all(serve: Serve) -> None:
    """An open connection to a good address does not help a name that has a forbidden one."""
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


def test_names_do_not_share(serve: Serve) -> None:
    """Two names of one address have connections of their own, and so have ports and schemes."""
    site = serve(keeping(page(HEAD)))
    fetcher = make_fetcher(answers("127.0.0.1"))
    fetched(fetcher, site.url("/", "a.test"), site.url("/", "b.test"), site.url("/", "a.test"))
    assert site.connections == 2


def test_tls_once(serve: Serve, certificate: Path, server_tls: ssl.SSLContext) -> None:
    """A kept connection saves the handshake, and belongs to the name that was checked by it."""
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


# -- only where nothing is in doubt ----------------------------------------------------------------


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
def test_what_leaves_no_connection(serve: Serve, response: bytes) -> None:
    """A response whose end is not certain, or after which something came, was the last."""
    site = serve(keeping(response))
    fetcher = make_fetcher()
    fetched(fetcher, site.url("/1"))
    fetched(fetcher, site.url("/2"))
    assert site.connections == 2


def test_a_page_that_is_not_read_to_its_end(serve: Serve) -> None:
    """What is left of it would be taken for the next response."""
    site = serve(keeping(page(HEAD + " " * 65_536)))
    fetcher = make_fetcher(scrape_max_kib=1)
    fetched(fetcher, site.url("/1"), site.url("/2"))
    assert site.connections == 2


def test_a_rest_that_comes_later(serve: Serve) -> None:
    """The rest of a page, sent when the next request has come, is no answer to that."""
    rest = b" " * 63_000 + page("<title>Evil</title>")

    def respond(sock: socket.socket, _request: str) -> None:
        sock.sendall(page(HEAD + " " * 65_520)[:-63_000])
        sock.recv(65_536)
        sock.sendall(rest)

    site = serve(respond)
    fetcher = make_fetcher(scrape_max_kib=1)
    fetched(fetcher, site.url("/1"), site.url("/2"))
    assert site.connections == 2


def test_the_rest_of_a_redirect_is_not_waited_for(serve: Serve) -> None:
    """Its body is of no use, and whether it ends is not worth a deadline."""
    begin = b"HTTP/1.1 302 X\r\nLocation: /2\r\nTransfer-Encoding: chunked\r\n\r\n5"
    site = serve(keeping(lambda _, request: page(HEAD) if " /2 " in request else begin))
    fetched(make_fetcher(scrape_deadline=3), site.url("/1"))
    assert site.connections == 2


def test_a_failure_leaves_none(serve: Serve) -> None:
    """A response that was refused is not followed by another."""
    site = serve(keeping(page("x", "Content-Type: application/zip")))
    fetcher = make_fetcher()
    for path in ("/1", "/2"):
        with pytest.raises(FetchError):
            fetcher.fetch(site.url(path))
    assert site.connections == 2


def test_what_comes_unasked(serve: Serve) -> None:
    """Bytes on a kept connection are no answer to the next request."""
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


def test_one_that_was_closed_is_not_used(serve: Serve) -> None:
    """The server's end is seen before a request is sent."""
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
    """Answers once; the next request of the connection finds it closed."""
    sock.sendall(page(HEAD))
    sock.recv(65_536)


def test_a_stale_one_is_replaced_once(serve: Serve) -> None:
    """A server that closes while the request is on its way is asked again, on a new connection."""
    site = serve(closing)
    fetched(make_fetcher(), *[site.url(f"/{number}") for number in range(3)])
    assert site.connections == 3
    assert [request.split()[1] for request in site.requests] == ["/0", "/1", "/2"]


def test_a_new_one_is_not_replaced(serve: Serve) -> None:
    """Who closes a new connection without a word has answered."""
    site = serve(b"")
    with pytest.raises(FetchError) as error:
        make_fetcher().fetch(site.url())
    assert (error.value.reason, site.connections) == ("closed", 1)


def test_one_that_has_spoken_is_not_replaced(serve: Serve) -> None:
    """An answer that begins and breaks off is an answer."""

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


def test_idle_ones_are_closed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nobody asks for anything any more."""
    monkeypatch.setattr(idle_connections, "MAX_IDLE", 0.1)
    closed = threading.Event()
    site = serve(keeping(page(HEAD), closed.set))
    fetcher = make_fetcher()
    fetched(fetcher, site.url("/1"))
    wait_until(closed.is_set)
    # Not because nobody needs them any more.
    assert fetcher.deadline


def test_no_more_than_so_many(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was not used for longest makes room."""
    monkeypatch.setattr(idle_connections, "MAX_KEPT", 2)
    site = serve(keeping(page(HEAD)))
    fetcher = make_fetcher(answers("127.0.0.1"))
    fetched(fetcher, *[site.url("/", f"{name}.test") for name in "abc"])
    assert site.connections == 3
    fetched(fetcher, *[site.url("/", f"{name}.test") for name in "bc"])
    assert site.connections == 3
    fetched(fetcher, site.url("/", "a.test"))
    assert site.connections == 4
