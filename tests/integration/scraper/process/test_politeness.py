"""Politeness to sites: robots.txt, limits of requests, and the user agent."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from splitflap_core.contracts import ScrapeResult
from splitflap_core.kinds import MAX_ATTEMPTS
from splitflap_core.outcomes import Done, Outcome, RetryLater
from splitflap_core.telemetry import Metrics
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_scraper.fetch.errors import Transient
from splitflap_scraper.process.handler import ScrapeHandler

from tests.integration.scraper.fetching import PageFetcher, Serve, make_fetcher, refused, scrape
from tests.integration.scraper.site import Site, page, paths, redirect

PAGE = page("<title>T</title>")


def robots(*lines: str, status: str = "200 OK", headers: tuple[str, ...] = ()) -> bytes:
    """Make a robots.txt with rules for all agents."""
    text = "\n".join(["User-agent: *", *lines])
    return page(text, "Content-Type: text/plain", *headers, status=status)


def asked(site: Site) -> list[str]:
    """Return the paths of the requests so far."""
    return [request.split()[1] for request in site.requests]


def polite(**settings: Any) -> PageFetcher:
    """Make a fetcher that respects robots.txt."""
    return make_fetcher(scrape_robots=True, **settings)


# -- robots.txt ------------------------------------------------------------------------------------


def test_a_disallowed_page_is_not_requested(serve: Serve) -> None:
    """An allowed page is requested. The file is fetched once."""
    site, fetcher = serve(paths(PAGE, robots=robots("Disallow: /private"))), polite()
    error = refused(fetcher, site.url("/private/x"))
    assert error.reason == "robots"
    assert not isinstance(error, Transient)
    fetcher.fetch(site.url("/public"))
    assert asked(site) == ["/robots.txt", "/public"]


def test_the_group_of_our_user_agent_counts(serve: Serve) -> None:
    """The agent's name is the first word of the header."""
    site = serve(paths(PAGE, robots=robots("Allow: /", "User-agent: testing", "Disallow: /")))
    polite().fetch(site.url())
    assert refused(polite(user_agent="Testing/1.0 (x)"), site.url()).reason == "robots"


def test_each_redirect_is_checked_by_robots(serve: Serve) -> None:
    """A disallowed target gets no request."""
    closed = serve(paths(PAGE, robots=robots("Disallow: /")), host="127.0.0.2")
    site = serve(paths(PAGE, go=redirect(closed.url("/x", "127.0.0.2"))))
    fetcher = polite(scraper_allow_nets="127.0.0.0/8")
    assert refused(fetcher, site.url("/go")).reason == "robots"
    assert asked(closed) == ["/robots.txt"]


@pytest.mark.parametrize("status", ["404 X", "401 X", "403 X", "410 X"])
def test_a_missing_file_allows_everything(serve: Serve, status: str) -> None:
    """The file is not fetched again soon."""
    site, fetcher = serve(paths(PAGE, robots=page("Disallow: /", status=status))), polite()
    fetcher.fetch(site.url("/a"))
    fetcher.fetch(site.url("/b"))
    assert asked(site) == ["/robots.txt", "/a", "/b"]


@pytest.mark.parametrize("status", ["500 X", "503 X", "429 X"])
def test_a_failing_site_is_closed_for_ten_minutes(serve: Serve, status: str) -> None:
    """The file is not fetched in this time."""
    site, fetcher = serve(paths(PAGE, robots=page("", status=status))), polite()
    for path in ("/a", "/b"):
        error = refused(fetcher, site.url(path))
        assert error.reason == "robots"
        assert isinstance(error, Transient)
        assert error.keep == 600
    assert asked(site) == ["/robots.txt"]


def test_redirects_of_the_file_are_followed(serve: Serve) -> None:
    """The rules count for the first site."""
    other = serve(paths(PAGE, rules=robots("Disallow: /private")), host="127.0.0.2")
    site = serve(paths(PAGE, robots=redirect(other.url("/rules", "127.0.0.2"))))
    fetcher = polite(scraper_allow_nets="127.0.0.0/8")
    assert refused(fetcher, site.url("/private")).reason == "robots"
    fetcher.fetch(site.url("/public"))
    # The other site has its own rules.
    fetcher.fetch(other.url("/private", "127.0.0.2"))


def test_a_loop_of_the_file_counts_as_missing(serve: Serve) -> None:
    """Five redirects are followed."""
    site = serve(paths(PAGE, robots=redirect("/robots.txt")))
    polite().fetch(site.url("/x"))
    assert asked(site) == ["/robots.txt"] * 6 + ["/x"]


def test_an_unreachable_site_keeps_its_own_reason() -> None:
    """The reason is not `robots`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert refused(polite(), f"http://127.0.0.1:{port}/").reason == "refused"
    assert refused(polite(), "http://10.0.0.1/").reason == "forbidden_address"


def test_500_kib_of_the_file_are_read(serve: Serve) -> None:
    """The rest is ignored."""
    filler = "#" * 1000 + "\n"
    site = serve(paths(PAGE, robots=robots("Disallow: /early", filler * 600, "Disallow: /late")))
    assert refused(polite(), site.url("/early")).reason == "robots"
    polite().fetch(site.url("/late"))


def test_simultaneous_pages_share_the_file(serve: Serve) -> None:
    """The file is fetched once."""

    def respond(sock: socket.socket, request: str) -> None:
        if "/robots.txt" in request:
            time.sleep(0.2)
        sock.sendall(robots("Disallow: /never") if "/robots.txt" in request else PAGE)

    site, fetcher = serve(respond), polite()
    together(*[lambda n=n: fetcher.fetch(site.url(f"/{n}")) for n in range(20)])
    assert asked(site).count("/robots.txt") == 1
    assert len(site.requests) == 21


def test_robots_can_be_turned_off(serve: Serve) -> None:
    """Intranets need this."""
    site = serve(paths(PAGE, robots=robots("Disallow: /")))
    make_fetcher(scrape_robots=False).fetch(site.url())
    assert asked(site) == ["/"]


# -- fewer requests --------------------------------------------------------------------------------


def together(*functions: Callable[[], Any]) -> None:
    """Run all of them at once."""
    threads = [threading.Thread(target=each) for each in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def scraped(scraper: ScrapeHandler, url: str, attempt: int = 1) -> Outcome:
    """Return the outcome of one attempt."""
    return scrape(scraper, url, attempt)


def limited(**settings: Any) -> ScrapeHandler:
    """Make a scraper with limits for loopback too."""
    return ScrapeHandler(
        make_fetcher(scrape_limit_own=True, **settings), PUBLIC_ONLY, Metrics("scraper")
    )


def test_simultaneous_jobs_of_a_url_share_a_request(serve: Serve) -> None:
    """The URL may have different spellings."""

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


def test_a_busy_host_sends_jobs_back_with_delays(serve: Serve) -> None:
    """Each job gets another delay. The host gets no request."""
    site = serve(PAGE)
    scraper = limited(scrape_host_rate=0.5)
    outcomes = [scraped(scraper, site.url(f"/{number}")) for number in range(6)]
    assert [type(each) for each in outcomes] == [Done] * 3 + [RetryLater] * 3
    after = [each.after for each in outcomes if isinstance(each, RetryLater)]
    assert len(set(after)) == 3
    assert max(after) <= 60
    assert len(site.requests) == 3
    assert {each.progress for each in outcomes if isinstance(each, RetryLater)} == {"waited"}


def test_a_wait_for_a_busy_host_ends_no_preview(serve: Serve) -> None:
    """Waiting is no attempt: the job comes back after its last attempt too."""
    site = serve(PAGE)
    scraper = limited(scrape_host_rate=0.5)
    for number in range(3):
        scraped(scraper, site.url(f"/{number}"))
    later = scraped(scraper, site.url("/last"), attempt=MAX_ATTEMPTS)
    assert isinstance(later, RetryLater)
    assert (later.reason, later.progress) == ("busy", "waited")


#: Spellings of 127.0.0.1 in a URL.
SPELLINGS = [
    "127.0.0.1", "127.0.0.1.", "127.1", "127.1.", "127.0.1", "2130706433", "0x7f000001",
    "0X7F.1", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "0177.1", "0177.0.0.1", "0177.00.00.01",
    "017700000001", "127.0.0x1", "127.0.0.01", "%3127.1", "%31%32%37.0.0.1", "127%2e0.0.1",
    "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "user@127.1", "127.0.0.\u00ad1",
]  # fmt: skip


def spelled(site: Any) -> list[str]:
    """URLs of one host, each in another spelling and with another path."""
    port = site.url().rpartition(":")[2].rstrip("/")
    return [f"http://{host}:{port}/{number}" for number, host in enumerate(SPELLINGS)]


def test_twenty_spellings_of_a_host_share_its_rate_limit(serve: Serve) -> None:
    """A burst of three requests, whatever the spelling; the others wait."""
    site = serve(PAGE)
    scraper = limited(scrape_host_rate=0.1)
    urls = spelled(site)
    assert len(set(urls)) >= 20
    outcomes = [scraped(scraper, url) for url in urls]
    assert [type(each) for each in outcomes[:3]] == [Done] * 3
    assert {each.reason for each in outcomes[3:] if isinstance(each, RetryLater)} == {"busy"}
    assert len(site.requests) == 3


def test_twenty_spellings_of_a_host_share_its_robots_txt(serve: Serve) -> None:
    """The file is requested once, and holds for all."""
    site = serve(paths(PAGE, robots=robots("Disallow: /")))
    fetcher = polite()
    assert {refused(fetcher, url).reason for url in spelled(site)} == {"robots"}
    assert asked(site) == ["/robots.txt"]


def test_a_denied_host_is_denied_in_every_spelling(serve: Serve) -> None:
    """The list may have another spelling too."""
    site = serve(PAGE)
    fetcher = make_fetcher(scraper_deny_hosts="0x7f.1")
    assert {refused(fetcher, url).reason for url in spelled(site)} == {"forbidden_host"}
    assert site.requests == []


def test_dot_segments_hide_no_path_from_robots_txt(serve: Serve) -> None:
    """A server would resolve them."""
    site = serve(paths(PAGE, robots=robots("Disallow: /private")))
    for path in ("/a/../private", "/a/%2e%2e/private", "/./private", "/a/.%2E/private"):
        assert refused(polite(), site.url(path)).reason == "robots"


def test_a_busy_host_delays_no_other(serve: Serve) -> None:
    """Each host has its own limits."""
    busy, other = serve(PAGE), serve(PAGE, host="127.0.0.2")
    scraper = limited(scrape_host_rate=0.1, scraper_allow_nets="127.0.0.0/8")
    for number in range(5):
        scraped(scraper, busy.url(f"/{number}"))
    assert isinstance(scraped(scraper, other.url("/", "127.0.0.2")), Done)


def test_a_host_gets_a_bounded_number_of_connections(serve: Serve) -> None:
    """The setting gives the number."""
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


def test_a_retry_after_holds_for_all_pages_of_a_host(serve: Serve) -> None:
    """No page of the host is requested in this time."""
    site = serve(paths(PAGE, full=page("", "Retry-After: 30", status="429 X")))
    scraper = limited()
    first, second = (scraped(scraper, site.url(path)) for path in ("/full", "/other"))
    assert isinstance(first, RetryLater)
    assert first.reason == "http_429"
    assert isinstance(second, RetryLater)
    assert second.reason == "busy"
    assert 25 < second.after <= 60
    assert asked(site) == ["/full"]


def test_own_hosts_have_no_limits_by_default(serve: Serve) -> None:
    """A setting turns their limits on."""
    site = serve(PAGE)
    scraper = ScrapeHandler(make_fetcher(scrape_host_rate=0.1), PUBLIC_ONLY, Metrics("scraper"))
    assert all(isinstance(scraped(scraper, site.url(f"/{n}")), Done) for n in range(8))


# -- our name --------------------------------------------------------------------------------------


def test_each_request_has_the_user_agent_and_the_contact(serve: Serve) -> None:
    """A site can find out who runs the scraper."""
    site = serve(paths(PAGE))
    polite(scraper_contact="https://a.example/bot").fetch(site.url())
    agent = "User-Agent: Splitflap/0.1 (link preview bot) (+https://a.example/bot)"
    assert len(site.requests) == 2
    assert all(agent in request.split("\r\n") for request in site.requests)
