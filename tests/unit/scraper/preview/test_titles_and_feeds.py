"""The title of a page and the name of its site, each found by the other."""

import pytest

from tests.unit.scraper.preview.documents import of

HEADING = "<body><h1>Splicing a rope</h1>"
TWO_FEEDS = (
    "<link rel=alternate type=application/rss+xml title=RSS href=/f>"
    "<link rel=alternate type=application/atom+xml title='Old Oak' href=/g>"
)
SITE = "<meta property=og:site_name content=Acme>"


@pytest.mark.parametrize(
    ("head", "title", "site"),
    [
        # Sections stand between the page's title and its site's name.
        ("<title>Splicing a rope - Guide - Acme</title>" + SITE, "Splicing a rope", "Acme"),
        ("<title>Splicing a rope | Knots | Acme</title>" + SITE, "Splicing a rope", "Acme"),
        # The site is known but unnamed: the rest belongs to the page.
        ("<title>Splicing a rope - Guide</title>" + SITE, "Splicing a rope - Guide", "Acme"),
        ("<meta property=og:title content='Splicing a rope - Acme Net'>" + SITE,
         "Splicing a rope", "Acme"),
        # The site is unknown: its name follows, or the kind of page.
        ("<title>Splicing a rope - Old Oak</title>", "Splicing a rope", "Old Oak"),
        ("<title>Splicing a rope - Guide</title>", "Splicing a rope - Guide", None),
        # A middle dot separates facts.
        ("<title>Splicing a rope \u00b7 Issue 7 \u00b7 Acme</title>" + SITE,
         "Splicing a rope \u00b7 Issue 7", "Acme"),
        # The first words of its name stand for it.
        ("<title>Knots | Old</title><meta property=og:site_name content='Old Oak'>",
         "Knots", "Old Oak"),
    ],
)  # fmt: skip
def test_the_heading_marks_the_end_of_the_title(head: str, title: str, site: str | None) -> None:
    """The site's name follows the heading's text."""
    found = of(head + HEADING)
    assert (found.title, found.site_name) == (title, site)


@pytest.mark.parametrize(
    ("feeds", "site"),
    [
        ("<link rel=alternate type=application/rss+xml title='Old Oak \u00bb Feed' href=/f>",
         "Old Oak"),
        ("<link rel=alternate type=application/rss+xml title='Splicing a rope' href=/f>", None),
        (TWO_FEEDS, "Old Oak"),
        ("<link rel=alternate hreflang=de title='Alte Eiche' href=/de>", None),
    ],
)  # fmt: skip
def test_the_feed_names_the_site_as_a_last_resort(feeds: str, site: str | None) -> None:
    """Other sources come first."""
    assert of(f"<title>Splicing a rope</title>{feeds}").site_name == site
    named = of(f"<title>Splicing a rope</title>{feeds}{SITE}")
    assert named.site_name == "Acme"


def test_a_blog_in_json_ld_names_the_site() -> None:
    """The JSON-LD has a node for the post, too."""
    found = of(
        '<script type="application/ld+json">{"@type":"Blog","name":"Old Oak","blogPost":['
        '{"@type":"BlogPosting","headline":"Splicing","author":{"name":"Jo"}}]}</script>'
    )
    assert (found.title, found.site_name, found.author) == ("Splicing", "Old Oak", "Jo")
