"""Pages that have only the preview of their site."""

import pytest
from splitflap_scraper.preview.extract import extract
from splitflap_scraper.preview.oembed.site_card import has_site_card

from tests.unit.scraper.preview.documents import head_of, read


def is_of_site(page: str, url: str, *, is_known: bool = True) -> bool:
    """Whether a page has only its site's preview."""
    document = read(page.encode(), head=head_of(url=url)).document()
    return has_site_card(document, extract(document), is_known=is_known)


@pytest.mark.parametrize(
    ("url", "head"),
    [
        ("https://x.example/ann/status/1", "<title>X</title>"),
        ("https://www.songs.example/s/1", "<title>Songs</title>"),
        ("https://www.songs.example/s/1", "<meta property=og:title content='Songs - Web Player'>"),
        ("https://www.clips.example/v/1", "<title>Clips | Make Your Day</title>"),
        (
            "https://a.example/s/1",
            (
                "<meta property=og:site_name content='The Songs'>"
                "<meta property=og:title content='The songs'>"
            ),
        ),
        ("https://songs.example/s/1", "<title>Hear</title><meta property=og:url content=/>"),
        (
            "https://www.songs.example/s/1",
            "<title>Hear</title><link rel=canonical href=https://songs.example>",
        ),
    ],
)
def test_the_name_or_the_front_page_of_a_site_marks_its_card(url: str, head: str) -> None:
    """Many sites give it to all programs but search engines."""
    assert is_of_site(head, url)


@pytest.mark.parametrize(
    ("url", "head"),
    [
        ("https://songs.example/", "<title>Songs</title>"),
        ("https://songs.example/s/1", "<title>One song - Songs</title>"),
        ("https://songs.example/s/1", "<title>One song</title><link rel=canonical href=/s/1>"),
        (
            "https://songs.example/s/1",
            "<title>Songs - One</title><link rel=canonical href=/s/1>",
        ),
        (
            "https://songs.example/s/1",
            "<title>One song</title><link rel=canonical href=https://other.example/>",
        ),
        ("https://songs.example/?p=1", "<title>One</title><link rel=canonical href=/?p=1>"),
        ("https://songs.example/s/1", ""),
    ],
)
def test_a_page_with_a_title_of_its_own_has_its_own_card(url: str, head: str) -> None:
    """The front page of a site has its preview by right."""
    assert not is_of_site(head, url)


def test_a_motto_counts_for_known_providers_alone() -> None:
    """Other sites write their name before the title of a page."""
    page, url = "<title>Songs - One more</title>", "https://songs.example/s/1"
    assert is_of_site(page, url)
    assert not is_of_site(page, url, is_known=False)
