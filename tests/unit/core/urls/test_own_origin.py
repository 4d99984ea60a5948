"""The one origin at a private address whose page may be fetched and shown: Splitflap's own."""

import pytest
from splitflap_core.settings import BadSettings
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_core.urls.settings import address_rules
from splitflap_core.urls.shown import shown_url
from splitflap_core.urls.web_url import BadUrl, known_url

from tests.integration.scraper.ssrf.cases import barred

ORIGIN = "http://127.0.0.1:8000"

RULES = address_rules("", "", own_origin=ORIGIN)

#: Its page, in the spellings of browsers, with the canonical form.
OWN = {
    f"{ORIGIN}/": f"{ORIGIN}/",
    f"{ORIGIN}/about": f"{ORIGIN}/about",
    f"{ORIGIN}/about#top": f"{ORIGIN}/about",
    f"{ORIGIN}/about?from=a": f"{ORIGIN}/about?from=a",
    f"{ORIGIN}/static/0a1b2c/about/card.png": f"{ORIGIN}/static/0a1b2c/about/card.png",
    f"{ORIGIN}/about.png": f"{ORIGIN}/about.png",
    f"{ORIGIN}/robots.txt": f"{ORIGIN}/robots.txt",
    "http://127.1:8000/about": f"{ORIGIN}/about",
    "HTTP://2130706433:8000/a/../about": f"{ORIGIN}/about",
}

#: Neighbours of the page: another scheme, host, port or path, or the API in some spelling.
NEIGHBOURS = (
    "https://127.0.0.1:8000/about", "http://127.0.0.1/about", "http://127.0.0.1:80/about",
    "http://127.0.0.1:8001/about", "http://127.0.0.1:80000/about", "http://127.0.0.1:9000/metrics",
    "http://127.0.0.2:8000/about", "http://127.0.0.1.:8080/about", "http://0.0.0.0:8000/about",
    "http://[::1]:8000/about", "http://[::ffff:127.0.0.1]:8000/about", "http://0:8000/about",
    "http://localhost:8000/about", "http://127.0.0.1.nip.io:8000/about",
    "http://user:pass@127.0.0.1:8000/about", "http://127.0.0.1:8000@10.0.0.1/about",
    f"{ORIGIN}/v1/posts", f"{ORIGIN}/v1/events", f"{ORIGIN}/v1", f"{ORIGIN}//v1/posts",
    f"{ORIGIN}/%761/posts", f"{ORIGIN}/v%31/events", f"{ORIGIN}/%2fv1/posts",
    f"{ORIGIN}/static/../v1/events", f"{ORIGIN}/static/%2e%2e/v1/events",
    f"{ORIGIN}/about/../v1/events", f"{ORIGIN}/about/x", f"{ORIGIN}/static/a%2f..%2fv1",
    f"{ORIGIN}/v1.png", f"{ORIGIN}/v1/a.png",
    f"{ORIGIN}/%61bout", f"{ORIGIN}/a\\..\\v1\\posts", f"{ORIGIN}/;/v1/posts", f"{ORIGIN}/./v1/x",
)  # fmt: skip


@pytest.mark.parametrize("url", OWN)
def test_a_preview_may_show_the_own_page(url: str) -> None:
    """Without the setting it may not."""
    assert shown_url(url, RULES) == OWN[url]
    with pytest.raises(BadUrl):
        shown_url(url, PUBLIC_ONLY)


@pytest.mark.parametrize("url", NEIGHBOURS)
def test_a_preview_shows_no_neighbour_of_the_page(url: str) -> None:
    """An image of the API would be a request with the reader's session."""
    with pytest.raises(BadUrl):
        shown_url(url, RULES)


@pytest.mark.parametrize("host", barred())
def test_no_other_private_host_becomes_the_own_page(host: str) -> None:
    """On the page's port, in every spelling of a host."""
    try:
        url = known_url(f"http://{host.replace('{p}', '8000')}:8000/about")
    except BadUrl:
        return
    assert RULES.is_own_page(url.origin, url.path) == (url.host == "127.0.0.1")


@pytest.mark.parametrize(
    "origin",
    ["127.0.0.1:8000", "http://localhost:8000", "http://127.0.0.1:8000/about", "http://",
     "http://user@127.0.0.1:8000", "ftp://127.0.0.1", "http://127.0.0.1:99999", "*"],
)  # fmt: skip
def test_an_origin_of_another_form_is_refused(origin: str) -> None:
    """A name could lead to another address."""
    with pytest.raises(BadSettings, match="SPLITFLAP_SCRAPER_OWN_ORIGIN"):
        address_rules("", "", own_origin=origin)


def test_an_origin_is_read_as_urls_are() -> None:
    """IPv6, a final slash, and a default port."""
    origins = ("http://[::1]:8000/", "http://10.1.2.3:80", "http://0x7f.1:8000")
    assert [address_rules("", "", own_origin=each).own_origin for each in origins] == [
        "http://[::1]:8000",
        "http://10.1.2.3",
        "http://127.0.0.1:8000",
    ]
