"""The operator's lists of hosts, networks and ports."""

from typing import Any

import pytest
from splitflap_scraper.fetch.errors import FetchError

from tests.integration.scraper.fetching import Serve, make_fetcher
from tests.integration.scraper.site import page, redirect

PAGE = page("<title>T</title>")


def to_loopback(_host: bytes, port: int, *_: object) -> list[tuple[Any, ...]]:
    """Resolve all names to this machine."""
    return [(0, 0, 0, "", ("127.0.0.1", port))]


def reason(url: str, **settings: Any) -> str:
    """Return the reason of a failed fetch, or `done`."""
    try:
        make_fetcher(to_loopback, **settings).fetch(url)
    except FetchError as error:
        return error.reason
    return "done"


@pytest.mark.parametrize(
    ("lists", "host", "expected"),
    [
        ({"scraper_deny_hosts": "a.test"}, "a.test", "forbidden_host"),
        ({"scraper_deny_hosts": "a.test"}, "A.TEST.", "forbidden_host"),
        ({"scraper_deny_hosts": "a.test"}, "b.a.test", "forbidden_host"),
        ({"scraper_deny_hosts": "a.test"}, "ba.test", "done"),
        ({"scraper_deny_hosts": "b.a.test"}, "a.test", "done"),
        ({"scraper_deny_hosts": "bücher.test"}, "xn--bcher-kva.test", "forbidden_host"),
        ({"scraper_allow_hosts": "a.test, b.test"}, "www.b.test", "done"),
        ({"scraper_allow_hosts": "a.test, b.test"}, "c.test", "forbidden_host"),
        ({"scraper_allow_hosts": "a.test"}, "127.0.0.1", "forbidden_host"),
        (
            {"scraper_allow_hosts": "a.test", "scraper_deny_hosts": "b.a.test"},
            "b.a.test",
            "forbidden_host",
        ),
    ],
)
def test_a_host_rule_covers_the_name_and_its_subdomains(
    serve: Serve, lists: dict[str, str], host: str, expected: str
) -> None:
    """The rule covers every spelling. A deny rule beats an allow rule."""
    site = serve(PAGE)
    assert reason(site.url("/", host), **lists) == expected
    assert site.connections == (expected == "done")


@pytest.mark.parametrize("nets", ["127.0.0.1/32", "10.0.0.0/8, 127.0.0.0/8"])
def test_a_denied_network_is_refused_even_if_allowed(serve: Serve, nets: str) -> None:
    """The deny list beats the allow list."""
    site = serve(PAGE)
    assert reason(site.url("/", "a.test"), scraper_deny_nets=nets) == "forbidden_address"
    assert reason(site.url("/", "a.test"), scraper_deny_nets="127.0.0.2/32") == "done"
    assert site.connections == 1


def test_only_listed_ports_are_requested(serve: Serve) -> None:
    """An empty list allows all ports."""
    site = serve(PAGE)
    assert reason(site.url(), scraper_ports="80, 443") == "forbidden_port"
    assert reason(site.url(), scraper_ports=f"80 {site.port}") == "done"


def test_the_lists_hold_for_redirects(serve: Serve) -> None:
    """Each hop passes the checks."""
    target = serve(PAGE)
    site = serve(redirect(target.url("/", "a.test")))
    assert reason(site.url("/", "b.test"), scraper_deny_hosts="a.test") == "forbidden_host"
    assert target.connections == 0
