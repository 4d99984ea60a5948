# ruff: noqa: E501 - pages on one line
"""oEmbed from real servers: in place of a page that refuses the scraper, or has only its site's preview."""

import json
from typing import Any

import pytest
from splitflap_core.contracts import PreviewFields
from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.preview.builder import PreviewBuilder
from splitflap_scraper.preview.oembed.providers import Providers

from tests.integration.scraper.fetching import Serve, make_fetcher
from tests.integration.scraper.preview.test_builder import LOOPBACK
from tests.integration.scraper.site import MISSING, Site, page, paths, redirect

SONG = {"type": "rich", "title": "Song", "author_name": "Ann", "provider_name": "Songs",
        "thumbnail_url": "https://i.example/t.jpg"}  # fmt: skip
POST = {"type": "rich", "author_name": "Ann", "html": "<blockquote><p>Hello</p></blockquote>"}


def answer(content: Any) -> bytes:
    """Make an answer of an endpoint."""
    return page(json.dumps(content), "Content-Type: application/json")


def preview(site: Site, path: str = "/song", *, robots: bool = True) -> PreviewFields:
    """Build the preview of a page whose provider is known."""
    known = Providers(((site.url("/oembed"), (site.url("/song*"),)),))
    fetcher = make_fetcher(scrape_robots=robots)
    with fetcher.visit() as visit:
        return PreviewBuilder(LOOPBACK, known).preview(visit, site.url(path)).fields


BARRED = page("User-agent: *\nDisallow: /song", "Content-Type: text/plain")


def test_a_provider_is_asked_about_a_page_that_robots_txt_bars(serve: Serve) -> None:
    """The page itself is not requested."""
    site = serve(paths(MISSING, robots=BARRED, oembed=answer(SONG)))
    assert preview(site).title == "Song"
    assert not any(each.startswith("GET /song") for each in site.requests)


def test_the_robots_txt_of_the_endpoint_counts(serve: Serve) -> None:
    """A site that bars its endpoint too is left alone."""
    all_barred = page("User-agent: *\nDisallow: /", "Content-Type: text/plain")
    site = serve(paths(MISSING, robots=all_barred, oembed=answer(SONG)))
    with pytest.raises(FetchError, match="robots"):
        preview(site)
    assert not any(each.startswith("GET /oembed") for each in site.requests)


@pytest.mark.parametrize(
    "status",
    ["400 X", "401 X", "403 X", "405 X", "406 X", "429 X", "451 X", "500 X", "502 X", "503 X"],
)
@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_a_provider_is_asked_after_a_refusal_and_an_error_of_the_server(
    serve: Serve, status: str, kind: str
) -> None:
    """The status does not matter to another server that describes the page."""
    refusal = page("no", f"Content-Type: {kind}", status=status)
    site = serve(paths(MISSING, song=refusal, oembed=answer(SONG)))
    found = preview(site, robots=False)
    assert (found.title, found.author, found.site_name) == ("Song", "Ann", "Songs")


@pytest.mark.parametrize("status", ["404 X", "410 X"])
def test_a_provider_is_not_asked_about_a_page_that_is_gone(serve: Serve, status: str) -> None:
    """Its answer could only be old."""
    site = serve(paths(MISSING, song=page("", status=status), oembed=answer(SONG)))
    with pytest.raises(FetchError, match=status[:3]):
        preview(site, robots=False)
    assert not any(each.startswith("GET /oembed") for each in site.requests)


@pytest.mark.parametrize("said", [{"type": "rich"}, {"type": "link", "author_name": "Ann"}, None])
def test_an_answer_that_says_nothing_leaves_the_failure(serve: Serve, said: Any) -> None:
    """The failure is that of the page."""
    refusal = page("", status="429 X")
    site = serve(paths(MISSING, song=refusal, oembed=answer(said) if said else refusal))
    with pytest.raises(FetchError, match="http_429"):
        preview(site, robots=False)


def test_a_provider_is_asked_about_the_target_of_a_short_link(serve: Serve) -> None:
    """A short link redirects to a page that its site bars."""
    site = serve(paths(MISSING, s=redirect("/song/1"), robots=BARRED, oembed=answer(SONG)))
    assert preview(site, "/s").title == "Song"


def test_a_provider_is_asked_about_a_page_that_redirects_to_a_log_in(serve: Serve) -> None:
    """The short link and the log-in are no pages of the provider. The page between them is one."""
    form = page("<title>Log in</title><input type=password>")
    site = serve(
        paths(MISSING, s=redirect("/song/1"), song=redirect("/login"), login=form,
              oembed=answer(SONG))
    )  # fmt: skip
    assert preview(site, "/s", robots=False).title == "Song"


def test_a_busy_provider_is_asked_later(serve: Serve) -> None:
    """The failure of the page would be kept for a day."""
    site = serve(paths(MISSING, robots=BARRED, oembed=answer(SONG)))
    known = Providers(((site.url("/oembed"), (site.url("/song*"),)),))
    fetcher = make_fetcher(scrape_robots=True, scrape_limit_own=True, scrape_host_rate=0.01)
    reasons = []
    for number in range(4):
        with fetcher.visit() as visit:
            try:
                PreviewBuilder(LOOPBACK, known).preview(visit, site.url(f"/song/{number}"))
                reasons.append("")
            except FetchError as error:
                reasons.append(error.reason)
    assert reasons == ["", "", "busy", "busy"]


def test_a_post_gives_its_author_and_words_without_its_page(serve: Serve) -> None:
    """A preview without a title is ready."""
    site = serve(paths(MISSING, robots=BARRED, oembed=answer(POST)))
    found = preview(site)
    assert (found.title, found.author, found.description) == (None, "Ann", "Hello")


def test_a_header_of_the_response_names_the_endpoint(serve: Serve) -> None:
    """The page has no link of its own."""
    link = 'Link: </o>; rel="alternate"; type="application/json+oembed"'
    site = serve(paths(MISSING, p=page("<title>One</title>", link), o=answer(SONG)))
    found = preview(site, "/p", robots=False)
    assert (found.title, found.image) == ("One", "https://i.example/t.jpg")


LINK = "<link type=application/json+oembed href=/oembed>"
IMAGE = "<meta property=og:image content=https://s.example/site.png><meta property=og:description content='The site for songs'>"


@pytest.mark.parametrize(
    "head",
    [
        f"<meta property=og:title content='All songs'><meta property=og:url content=/>{IMAGE}{LINK}",
        f"<meta property=og:title content=Songs><meta property=og:site_name content=Songs>{IMAGE}{LINK}",
        f"<title>All</title><link rel=canonical href=/>{IMAGE}",
    ],
)
def test_the_answer_replaces_the_card_of_a_site(serve: Serve, head: str) -> None:
    """Each page of the site has the title, the words and the picture of its front page."""
    site = serve(paths(MISSING, song=page(head), oembed=answer(SONG)))
    found = preview(site, robots=False)
    assert (found.title, found.author, found.image) == ("Song", "Ann", "https://i.example/t.jpg")
    assert found.description is None


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("/song", f"<meta property=og:title content='One more'>{IMAGE}{LINK}"),
        ("/song", f"<title>One</title><link rel=canonical href=/song>{IMAGE}{LINK}"),
        ("/", f"<title>Songs</title><link rel=canonical href=/>{IMAGE}{LINK}"),
    ],
)
def test_a_page_with_a_card_of_its_own_costs_no_request_of_oembed(
    serve: Serve, path: str, head: str
) -> None:
    """The front page of a site has its preview by right."""
    site = serve(paths(MISSING, index=page(head), song=page(head), oembed=answer(SONG)))
    assert preview(site, path, robots=False).image == "https://s.example/site.png"
    assert not any(each.startswith("GET /oembed") for each in site.requests)


def test_an_answer_with_the_title_of_a_site_confirms_its_card(serve: Serve) -> None:
    """A page may be called like its site."""
    head = f"<meta property=og:title content=Songs><meta property=og:site_name content=Songs>{IMAGE}{LINK}"
    site = serve(paths(MISSING, song=page(head), oembed=answer({**SONG, "title": "Songs"})))
    found = preview(site, robots=False)
    assert (found.description, found.image) == ("The site for songs", "https://s.example/site.png")


def test_an_answer_without_words_leaves_the_card_of_a_site(serve: Serve) -> None:
    """The preview of a site is better than none."""
    head = f"<title>All songs</title><link rel=canonical href=/>{IMAGE}{LINK}"
    site = serve(paths(MISSING, song=page(head), oembed=answer({"type": "rich"})))
    assert preview(site, robots=False).title == "All songs"


def test_the_type_of_an_answer_does_not_matter(serve: Serve) -> None:
    """Some endpoints send JSON as a text or as HTML, and others send XML."""
    for kind in ("text/html", "text/plain", "text/javascript"):
        site = serve(paths(MISSING, robots=BARRED, oembed=page(json.dumps(SONG), f"Content-Type: {kind}")))  # fmt: skip
        assert preview(site).title == "Song"
    xml = page("<oembed><title>Song</title></oembed>", "Content-Type: text/xml")
    assert preview(serve(paths(MISSING, robots=BARRED, oembed=xml))).title == "Song"
