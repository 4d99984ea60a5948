"""What sites ask of us is done: robots.txt, fewer requests, our name in each."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from splitflap_core.contracts import ScrapeResult
from splitflap_core.outcomes import Done, Failed, Outcome, RetryLater
from splitflap_core.telemetry import Metrics
from splitflap_scraper.fetch.errors import Transient
from splitflap_scraper.process.handler import ScrapeHandler

from tests.integration.scraper.fetching import PageFetcher, Serve, make_fetcher, refused, scrape
from tests.integration.scraper.site import Site, page, paths, redirect

PAGE = page("<title>T</title>")


def robots(*lines: str, status: str = "200 OK", headers: tuple[str, ...] = ()) -> bytes:
    """A robots.txt for all."""
    text = "\n".join(["User-agent: *", *lines])
    return page(text, "Content-Type: text/plain", *headers, status=status)


def asked(site: Site) -> list[str]:
    """The paths of the requests so far."""
    return [request.split()[1] for request in site.requests]


def kind(**settings: Any) -> PageFetcher:
    """A fetcher that asks for robots.txt."""
    return make_fetcher(scrape_robots=True, **settings)


# -- robots.txt ------------------------------------------------------------------------------------


def test_a_page_that_is_not_to_be_asked_for(serve: Serve) -> None:
    """It is not, and its neighbour is; the file is asked for once."""
    site, fetcher = serve(paths(PAGE, robots=robots("Disallow: /private"))), kind()
    error = refused(fetcher, site.url("/private/x"))
    assert error.reason == "robots"
    assert not isinstance(error, Transient)
    fetcher.fetch(site.url("/public"))
    assert asked(site) == ["/robots.txt", "/public"]


def test_our_own_group(serve: Serve) -> None:
    """Files know us by the first word of our header."""
    site = serve(paths(PAGE, robots=robots("Allow: /", "User-agent: testing", "Disallow: /")))
    kind().fetch(site.url())
    assert refused(kind(user_agent="Testing/1.0 (x)"), site.url()).reason == "robots"


def test_every_hop_is_asked(serve: Serve) -> None:
    """A redirect leads nowhere that is not to be asked for."""
    closed = serve(paths(PAGE, robots=robots("Disallow: /")), host="127.0.0.2")
    site = serve(paths(PAGE, go=redirect(closed.url("/x", "127.0.0.2"))))
    fetcher = kind(scraper_allow_nets="127.0.0.0/8")
    assert refused(fetcher, site.url("/go")).reason == "robots"
    assert asked(closed) == ["/robots.txt"]


@pytest.mark.parametrize("status", ["404 X", "401 X", "403 X", "410 X"])
def test_no_file(serve: Serve, status: str) -> None:
    """Where there is none, nothing is asked of us; it is not asked for again soon."""
    site, fetcher = serve(paths(PAGE, robots=page("Disallow: /", status=status))), kind()
    fetcher.fetch(site.url("/a"))
    fetcher.fetch(site.url("/b"))
    assert asked(site) == ["/robots.txt", "/a", "/b"]


@pytest.mark.parametrize("status", ["500 X", "503 X", "429 X"])
def test_a_site_in_trouble(serve: Serve, status: str) -> None:
    """It is left alone for ten minutes, its file included."""
    site, fetcher = serve(paths(PAGE, robots=page("", status=status))), kind()
    for path in ("/a", "/b"):
        error = refused(fetcher, site.url(path))
        assert error.reason == "robots"
        assert isinstance(error, Transient)
        assert error.keep == 600
    assert asked(site) == ["/robots.txt"]


def test_a_file_elsewhere(serve: Serve) -> None:
    """Redirects are followed, and what is found counts for the first site."""
    other = serve(paths(PAGE, rules=robots("Disallow: /private")), host="127.0.0.2")
    site = serve(paths(PAGE, robots=redirect(other.url("/rules", "127.0.0.2"))))
    fetcher = kind(scraper_allow_nets="127.0.0.0/8")
    assert refused(fetcher, site.url("/private")).reason == "robots"
    fetcher.fetch(site.url("/public"))
    # No rules of the other site's own.
    fetcher.fetch(other.url("/private", "127.0.0.2"))


def test_a_file_in_circles(serve: Serve) -> None:
    """After five redirects it counts as missing."""
    site = serve(paths(PAGE, robots=redirect("/robots.txt")))
    kind().fetch(site.url("/x"))
    assert asked(site) == ["/robots.txt"] * 6 + ["/x"]


def test_an_unreachable_site_is_said_to_be_so() -> None:
    """What keeps us from its robots.txt keeps us from its page."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert refused(kind(), f"http://127.0.0.1:{port}/").reason == "refused"
    assert refused(kind(), "http://10.0.0.1/").reason == "forbidden_address"


def test_half_a_mebibyte_is_read(serve: Serve) -> None:
    """And no more, however much comes."""
    filler = "#" * 1000 + "\n"
    site = serve(paths(PAGE, robots=robots("Disallow: /early", filler * 600, "Disallow: /late")))
    assert refused(kind(), site.url("/early")).reason == "robots"
    kind().fetch(site.url("/late"))


def test_many_at_once_ask_for_it_once(serve: Serve) -> None:
    """Simultaneous pages of a site share its file."""

    def respond(sock: socket.socket, request: str) -> None:
        if "/robots.txt" in request:
            time.sleep(0.2)
        sock.sendall(robots("Disallow: /never") if "/robots.txt" in request else PAGE)

    site, fetcher = serve(respond), kind()
    together(*[lambda n=n: fetcher.fetch(site.url(f"/{n}")) for n in range(20)])
    assert asked(site).count("/robots.txt") == 1
    assert len(site.requests) == 21


def test_it_can_be_switched_off(serve: Serve) -> None:
    """For operators of intranets."""
    site = serve(paths(PAGE, robots=robots("Disallow: /")))
    make_fetcher(scrape_robots=False).fetch(site.url())
    assert asked(site) == ["/"]


# -- fewer requests --------------------------------------------------------------------------------


def together(*functions: Callable[[], Any]) -> None:
    """Run them all at once."""
    threads = [threading.Thread(target=each) for each in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def scraped(scraper: ScrapeHandler, url: str, attempt: int = 1) -> Outcome:
    """The outcome of one attempt."""
    return scrape(scraper, url, attempt)


def limited(**settings: Any) -> ScrapeHandler:
    """A scraper with limits for loopback too."""
    return ScrapeHandler(make_fetcher(scrape_limit_own=True, **settings), (), Metrics("scraper"))


def test_one_request_for_one_url(serve: Serve) -> None:
    """However it is written."""

    def respond(sock: socket.socket, _request: str) -> None:
        time.sleep(0.3)
        sock.sendall(PAGE)

    site, scraper = serve(respond), limited()
    urls = [site.url("/x"), site.url("/x#top"), site.url("/x").replace("//", "//u:p@")] * 5
    outcomes: list[Outcome] = []
    together(*[lambda url=url: outcomes.append(scraped(scraper, url)) for url in urls])
    assert len(site.requests) == 1
    assert len(outcomes) == 15
    for outcome in outcomes:
        assert isinstance(outcome, Done)
        assert msgspec.json.decode(outcome.result, type=ScrapeResult).title == "T"


def test_a_busy_host(serve: Serve) -> None:
    """What has no turn soon comes again at its turn, each at another time, without a request."""
    site = serve(PAGE)
    scraper = limited(scrape_host_rate=0.5)
    outcomes = [scraped(scraper, site.url(f"/{number}")) for number in range(6)]
    assert [type(each) for each in outcomes] == [Done] * 3 + [RetryLater] * 3
    after = [each.after for each in outcomes if isinstance(each, RetryLater)]
    assert len(set(after)) == 3
    assert max(after) <= 60
    assert len(site.requests) == 3
    # The API gives a job no sixth attempt.
    last = scraped(scraper, site.url("/last"), attempt=5)
    assert isinstance(last, Failed)
    assert (last.reason, last.keep) == ("busy", 60)


def test_a_busy_host_holds_up_no_other(serve: Serve) -> None:
    """Limits are by host."""
    busy, other = serve(PAGE), serve(PAGE, host="127.0.0.2")
    scraper = limited(scrape_host_rate=0.1, scraper_allow_nets="127.0.0.0/8")
    for number in range(5):
        scraped(scraper, busy.url(f"/{number}"))
    assert isinstance(scraped(scraper, other.url("/", "127.0.0.2")), Done)


def test_at_a_time(serve: Serve) -> None:
    """A host sees no more connections at once than allowed."""
    now, most, lock = 0, 0, threading.Lock()

    def respond(sock: socket.socket, _request: str) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        sock.sendall(PAGE)

    site = serve(respond)
    scraper = limited(scrape_host_concurrency=3, scrape_host_rate=1000)
    together(*[lambda n=n: scraped(scraper, site.url(f"/{n}")) for n in range(12)])
    assert 1 < most <= 3


def test_a_host_that_asks_for_less(serve: Serve) -> None:
    """Its Retry-After is for all of its pages."""
    site = serve(paths(PAGE, full=page("", "Retry-After: 30", status="429 X")))
    scraper = limited()
    first, second = (scraped(scraper, site.url(path)) for path in ("/full", "/other"))
    assert isinstance(first, RetryLater)
    assert first.reason == "http_429"
    assert isinstance(second, RetryLater)
    assert second.reason == "busy"
    assert 25 < second.after <= 60
    assert asked(site) == ["/full"]


def test_own_hosts_have_no_limits(serve: Serve) -> None:
    """An operator's own servers, unless he says so."""
    site = serve(PAGE)
    scraper = ScrapeHandler(make_fetcher(scrape_host_rate=0.1), (), Metrics("scraper"))
    assert all(isinstance(scraped(scraper, site.url(f"/{n}")), Done) for n in range(8))


# -- our name --------------------------------------------------------------------------------------


def test_who_we_are(serve: Serve) -> None:
    """Every request says it, and where to find out more."""
    site = serve(paths(PAGE))
    kind(scraper_contact="https://a.example/bot").fetch(site.url())
    agent = "User-Agent: Splitflap/0.1 (link previews) (+https://a.example/bot)"
    assert len(site.requests) == 2
    assert all(agent in request.split("\r\n") for request in site.requests)
