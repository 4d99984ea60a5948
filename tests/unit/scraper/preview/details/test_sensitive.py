"""Pages that say that they are for adults, or for all."""

import pytest
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.preview.details.sensitive import labelled

from tests.unit.scraper.preview.documents import of

LABEL = "RTA-5042-1996-1400-1577-RTA"


def json_ld(value: str) -> str:
    """Make a video in JSON-LD."""
    return (
        '<script type="application/ld+json">{"@type": "VideoObject", "name": "x", '
        f'"isFamilyFriendly": {value}}}</script>'
    )


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<meta name="rating" content="adult">', True),
        ('<META NAME="RATING" CONTENT="Mature">', True),
        (f'<meta name="rating" content="{LABEL}">', True),
        ('<meta name="rating" content="general">', False),
        ('<meta name="rating" content="Safe For  Kids">', False),
        ('<meta name="rating" content="4.5">', None),
        ('<meta property="og:restrictions:age" content="18+">', True),
        ('<meta property="og:restrictions:age" content="13+">', None),
        ('<meta name="age-meta-label" content="age=18 hash: x v=1.0 kind=sl protocol=all">', True),
        (json_ld("false"), True),
        (json_ld("true"), False),
        (json_ld('"http://schema.org/False"'), True),
        (json_ld('"no one knows"'), None),
        (
            (
                '<div itemscope itemtype="http://schema.org/VideoObject">'
                '<meta itemprop="isFamilyFriendly"'
                ' content="false"></div>'
            ),
            True,
        ),
        ('<meta name="rating" content="general">' + json_ld("false"), True),
        ("<title>Adult education</title>", None),
    ],
)
def test_a_page_says_whether_it_is_for_adults(page: str, expected: bool | None) -> None:
    """The strictest word counts. A page that says nothing is neither."""
    assert of(page).sensitive is expected


def test_a_response_has_the_label_of_adult_sites() -> None:
    """The label is a header too."""
    assert labelled(Headers([("Rating", LABEL)]))
    assert not labelled(Headers([("Rating", "general")]))
