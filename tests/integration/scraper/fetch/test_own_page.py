"""With SPLITFLAP_SCRAPER_OWN_ORIGIN the scraper reaches its own page, and nothing beside it.

test_green runs the file on green threads too.
"""

from typing import Any

import pytest
from splitflap_core.urls.settings import address_rules
from splitflap_scraper.preview.builder import PreviewBuilder
from splitflap_scraper.preview.oembed.providers import Providers

from tests.integration.scraper.fetching import PageFetcher, Serve, answers, make_fetcher, refused
from tests.integration.scraper.site import HEAD, Site, page, redirect

#: Paths of the API, which listens on the same port.
OF_THE_API = ("/v1/openapi.json", "//v1/events", "/%76%31/posts", "/static/%2e%2e/v1/posts")


def own_fetcher(own: Site, *names: str, **settings: Any) -> PageFetcher:
    """A fetcher whose own page is on this site; no private network is allowed."""
    ours = {"scraper_allow_nets": "", "scraper_own_origin": own.url("")}
    return make_fetcher(answers(*names) if names else None, **{**ours, **settings})


def test_the_own_page_is_fetched(serve: Serve) -> None:
    """The pages, and their files."""
    own = serve(page(HEAD))
    fetcher = own_fetcher(own)
    for path in ("/", "/about", "/about?from=a", "/static/0a/card.png"):
        assert fetcher.fetch(own.url(path)).url == own.url(path)
    assert own.connections > 0


def test_neighbours_of_the_page_are_refused(serve: Serve) -> None:
    """Other ports and addresses of the machine, and the API on the own port."""
    own = serve(page(HEAD), host="0.0.0.0")
    other = serve(page(HEAD))
    fetcher = own_fetcher(own)
    for url in (
        other.url("/about"),
        own.url("/about", "127.0.0.2"),
        own.url("/about", "localhost"),
        own.url("/about", "[::ffff:127.0.0.1]"),
        own.url("/about").replace("http://", "https://"),
        *(own.url(path) for path in OF_THE_API),
    ):
        assert refused(fetcher, url).reason == "forbidden_address", url
    assert (own.connections, other.connections) == (0, 0)


def test_a_name_with_the_own_address_is_refused(serve: Serve) -> None:
    """Also one that is rebound to it."""
    own = serve(page(HEAD))
    assert refused(own_fetcher(own, "127.0.0.1"), own.url("/about", "rebind.test")).reason == (
        "forbidden_address"
    )
    assert own.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_to_the_own_page_only(serve: Serve, status: int) -> None:
    """It comes from the own page, or from another site that may be fetched."""
    other = serve(page(HEAD), host="127.0.0.3")
    for path in ("/v1/openapi.json", f"http://127.0.0.3:{other.port}/", "//127.0.0.3/about"):
        own = serve(redirect(path, status=f"{status} X"))
        assert refused(own_fetcher(own), own.url("/about")).reason == "forbidden_address"
    own = serve(page(HEAD))
    for path, reason in (("/about", None), ("/v1/openapi.json", "forbidden_address")):
        lead = serve(redirect(own.url(path), status=f"{status} X"), host="127.0.0.4")
        fetcher = own_fetcher(own, scraper_allow_nets="127.0.0.4/32")
        if reason is None:
            assert fetcher.fetch(lead.url("/", "127.0.0.4")).url == own.url(path)
        else:
            assert refused(fetcher, lead.url("/", "127.0.0.4")).reason == reason
    assert other.connections == 0


def test_the_lists_of_the_operator_still_count(serve: Serve) -> None:
    """Denied networks, hosts and ports."""
    own = serve(page(HEAD))
    for settings, reason in (
        ({"scraper_deny_nets": "127.0.0.0/8"}, "forbidden_address"),
        ({"scraper_deny_hosts": "127.0.0.1"}, "forbidden_host"),
        ({"scraper_allow_hosts": "example.com"}, "forbidden_host"),
        ({"scraper_ports": "80"}, "forbidden_port"),
    ):
        assert refused(own_fetcher(own, **settings), own.url("/about")).reason == reason
    assert own.connections == 0


@pytest.mark.parametrize("probe_images", [False, True])
def test_a_card_shows_images_of_the_page_only(serve: Serve, *, probe_images: bool) -> None:
    """A reader's browser would fetch the others with the reader's session, inside its network."""
    neighbour = serve(page(HEAD))
    others = ("/v1/events", "/%76%31/events", neighbour.url("/card.png"), "http://localhost/c.png")
    for image in others:
        assert card_of(serve, image, probe_images=probe_images) is None, image
    assert card_of(serve, "/static/0a/card.png", probe_images=False) == "/static/0a/card.png"
    assert neighbour.connections == 0


def card_of(serve: Serve, image: str, *, probe_images: bool) -> str | None:
    """The path of the image in the preview of a page of the own site with this image."""
    own = serve(page(f'<title>T</title><meta property=og:image content="{image}">'))
    rules = address_rules("", "", own_origin=own.url(""))
    builder = PreviewBuilder(rules, Providers(()), probe_images=probe_images)
    with own_fetcher(own).visit() as visit:
        fields = builder.preview(visit, own.url("/about")).fields
    assert fields.title == "T"
    assert not any("/v1" in request.split()[1] for request in own.requests)
    return fields.image.removeprefix(own.url("")) if fields.image else None
