"""Header fields for single hosts, with real servers. test_green runs the file too."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.integration.scraper.fetching import PageFetcher, Serve, answers, make_fetcher, refused
from tests.integration.scraper.site import HEAD, Site, page, paths, redirect

SECRET = "Bearer s3cret"


def fetcher_with(tmp_path: Path, fields: object, **settings: Any) -> PageFetcher:
    """Make a fetcher with fields for single hosts."""
    file = tmp_path / "headers.json"
    file.write_text(json.dumps(fields), encoding="utf-8")
    return make_fetcher(
        answers("127.0.0.1"), scraper_host_headers=str(file), user_agent="Our/1", **settings
    )


def secrets(site: Site) -> list[bool]:
    """Whether each request so far had the secret."""
    return [SECRET in each for each in site.requests]


def test_a_field_follows_no_redirect_to_another_host(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor to another port or scheme. No log has it."""
    caplog.set_level(logging.DEBUG)
    other = serve(page(HEAD))
    site = serve(redirect(other.url("/", "site.test")))
    first = serve(redirect(site.url("/", "www.site.test")))
    origins = {first.url("", "site.test"): {"Authorization": SECRET, "User-Agent": "Special/1"}}
    fetcher_with(tmp_path, origins).fetch(first.url("/", "site.test"))
    assert (secrets(first), secrets(site), secrets(other)) == ([True], [False], [False])
    assert "User-Agent: Special/1" in first.requests[0]
    assert "User-Agent: Our/1" in other.requests[0]
    assert SECRET not in caplog.text


def test_the_rules_of_robots_are_those_for_the_agent_of_the_host(
    serve: Serve, tmp_path: Path
) -> None:
    """A site must find its rules under the name that it sees."""
    robots = page("User-agent: special\nDisallow: /", "Content-Type: text/plain")
    site = serve(paths(page(HEAD), robots=robots))
    fields = {"site.test": {"User-Agent": "Special/1"}}
    fetcher = fetcher_with(tmp_path, fields, scrape_robots=True)
    assert refused(fetcher, site.url("/", "site.test")).reason == "robots"
    fetcher.fetch(site.url("/", "other.test"))
    assert "User-Agent: Special/1" in site.requests[0]


def test_each_request_asks_for_the_languages_of_the_setting(serve: Serve, tmp_path: Path) -> None:
    """A host may have others."""
    site = serve(page(HEAD))
    fields = {"fr.test": {"Accept-Language": "fr"}}
    fetcher = fetcher_with(tmp_path, fields, scraper_languages="de, en")
    for host in ("site.test", "fr.test"):
        fetcher.fetch(site.url("/", host))
    assert "Accept-Language: de, en;q=0.9, *;q=0.1\r\n" in site.requests[0]
    assert "Accept-Language: fr\r\n" in site.requests[1]
