"""The number of requests that one link may cause, and those to one address, with real servers."""

import socket
from typing import Any

import pytest
from splitflap_scraper.fetch import allowance
from splitflap_scraper.process.settings import LEAST_BURST, NAMES_OF_ADDRESS

from tests.integration.scraper.fetching import Serve, answers, make_fetcher, refused
from tests.integration.scraper.site import HEAD, page, paths, redirect

ROBOTS: dict[str, Any] = {"scrape_robots": True, "scraper_allow_nets": "127.0.0.0/8"}


def test_a_link_causes_30_requests_at_most(serve: Serve) -> None:
    """Each redirect leads to a new site, and each robots.txt over more of them."""
    hosts = iter(f"127.0.{number}.1" for number in range(1, 250))

    def respond(sock: socket.socket, request: str) -> None:
        path = request.split()[1]
        sock.sendall(redirect(site.url(path, next(hosts))))

    site = serve(respond, host="0.0.0.0")
    fetcher = make_fetcher(**ROBOTS, scrape_max_redirects=20)
    assert refused(fetcher, site.url()).reason == "too_many_requests"
    assert len(site.requests) == 30


@pytest.mark.parametrize("left", [1, 2])
def test_a_link_without_requests_answers_for_no_other(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """Its visit ends at the other's robots.txt, or behind a redirect of that."""

    def respond(sock: socket.socket, request: str) -> None:
        path = request.split()[1]
        rules = page("User-agent: *\nDisallow: /no")
        sock.sendall({"/robots.txt": redirect("/r"), "/r": rules}.get(path, page(HEAD)))

    site = serve(respond)
    first = serve(paths(redirect(site.url("/yes"))))
    fetcher = make_fetcher(**ROBOTS)
    monkeypatch.setattr(allowance, "MAX_REQUESTS", 2 + left)
    assert refused(fetcher, first.url()).reason == "too_many_requests"
    assert len(site.requests) == left
    assert fetcher.fetch(site.url("/yes")).head
    assert refused(fetcher, site.url("/no")).reason == "robots"


def test_many_names_of_one_address_share_its_limits(serve: Serve) -> None:
    """An attacker's names may all lead to somebody's server."""
    site = serve(page(HEAD))
    fetcher = make_fetcher(answers("127.0.0.1"), scrape_limit_own=True, scrape_host_rate=0.1)
    urls = [site.url("/", f"n{each}.example") for each in range(50)]
    for url in urls[: LEAST_BURST * NAMES_OF_ADDRESS]:
        fetcher.fetch(url)
    assert {refused(fetcher, url).reason for url in urls[len(site.requests) :]} == {"busy"}
    assert len(site.requests) == 15
