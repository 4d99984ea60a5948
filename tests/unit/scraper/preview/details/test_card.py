"""The card of a picture, and its text."""

import pytest
from splitflap_core.contracts import PreviewFields
from splitflap_scraper.preview.builder import fitting

from tests.unit.scraper.preview.documents import of

IMAGE = '<meta property="og:image" content="/a.png">'
WIDE = ('<meta property="og:image:width" content="1200">'
        '<meta property="og:image:height" content="630">')  # fmt: skip


@pytest.mark.parametrize(
    ("head", "card"),
    [
        (IMAGE + '<meta name="twitter:card" content="summary_large_image">', "large"),
        (IMAGE + '<meta name="twitter:card" content="Summary">', "summary"),
        (IMAGE + '<meta property="twitter:card" content="player">', "large"),
        (IMAGE + WIDE + '<meta name="twitter:card" content="summary">', "summary"),
        (IMAGE + WIDE, "large"),
        (IMAGE + WIDE.replace("1200", "630"), "summary"),
        (IMAGE + WIDE.replace("1200", "400").replace("630", "210"), "summary"),
        (IMAGE + WIDE + '<meta name="twitter:card" content="{{ card }}">', "large"),
        (IMAGE, None),
        (WIDE + '<meta name="twitter:card" content="summary_large_image">', None),
    ],
)
def test_the_page_chooses_the_form_of_its_card_and_else_its_picture(
    head: str, card: str | None
) -> None:
    """A card without a picture has no form, and neither has one with a picture of unknown size."""
    assert of(head).card == card


@pytest.mark.parametrize(
    ("page", "alt"),
    [
        (IMAGE + '<meta property="og:image:alt" content="A cat &amp; a dog">', "A cat & a dog"),
        (
            IMAGE + '<meta property="og:image:secure_url" content="https://a.example/b.png">'
            '<meta property="og:image:alt" content="A cat">',
            "A cat",
        ),
        (
            (
                '<meta name="twitter:image" content="/a.png">'
                '<meta name="twitter:image:alt" content="A cat">'
            ),
            "A cat",
        ),
        (
            IMAGE + '<meta name="twitter:image" content="/other.png">'
            '<meta name="twitter:image:alt" content="A cat">',
            None,
        ),
        (
            (
                '<meta property="og:image" content="/pixel.gif">'
                '<meta property="og:image:alt" content="Nothing"><meta property="og:image" '
                'content="/a.png"><meta property="og:image:alt" content="A cat">'
            ),
            "A cat",
        ),
        (
            (
                '<script type="application/ld+json">{"@type": "Article", "headline": "x", "image": '
                '{"url": "/a.png", "caption": "A cat"}}</script>'
            ),
            "A cat",
        ),
        ('<article><img src="/a.png" alt="A cat" width="400"></article>', "A cat"),
        (IMAGE + '<article><img src="/a.png" alt="A cat" width="400"></article>', "A cat"),
        (IMAGE + '<article><img src="/b.png" alt="A dog" width="400"></article>', None),
        (IMAGE + '<meta property="og:image:alt" content="a.png">', None),
        (IMAGE + '<meta property="og:image:alt" content="image">', None),
        (IMAGE + '<meta property="og:image:alt" content="">', None),
        ('<meta property="og:image:alt" content="A cat">', None),
    ],
)
def test_the_text_of_an_image_belongs_to_the_image_of_the_card(page: str, alt: str | None) -> None:
    """The text of another image, a file's name or a template's word is none."""
    assert of(page).image_alt == alt


def test_a_field_about_a_missing_one_is_missing_too() -> None:
    """An image may be dropped after its text was found."""
    about_image = {"image_width": 1, "image_height": 2, "image_alt": "A cat", "card": "large"}
    about_player = {"player_width": 1, "player_height": 2}
    lost = PreviewFields("x", **about_image, **about_player)  # type: ignore[arg-type]  # by name
    assert fitting(lost) == PreviewFields("x")
    unsafe = PreviewFields("x", player="http://a.example/", player_width=1)
    assert fitting(unsafe) == PreviewFields("x")
