"""The providers of oEmbed."""

import pytest
from splitflap_scraper.preview.structured.oembed import Providers, matches


@pytest.mark.parametrize(
    ("scheme", "url", "expected"),
    [
        ("https://*.a.example/watch*", "https://www.a.example/watch?v=1", True),
        ("https://*.a.example/watch*", "http://www.a.example/watch", True),
        ("https://*.a.example/watch*", "https://a.example/watch", False),
        ("https://*.a.example/*", "https://b.example/x.a.example/", False),
        ("https://a.example/*/video/*", "https://a.example/u/video/1", True),
        ("https://a.example/*/video/*", "https://a.example/u/1", False),
        ("https://a.example/x", "https://a.example/x", True),
        ("https://a.example/x", "https://a.example/xy", False),
        ("https://a.example/*.json", "https://a.example/b.json", True),
    ],
)
def test_a_star_of_a_scheme_matches_any_text(scheme: str, url: str, expected: bool) -> None:
    """A star in the host matches only within the host."""
    assert matches(scheme, url) is expected


def test_providers_are_loaded_from_a_file() -> None:
    """An empty path means the built-in list."""
    known = Providers.load("")
    request = known.endpoint("https://www.youtube.com/watch?v=a&b")
    assert request == (
        "https://www.youtube.com/oembed"
        "?url=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3Da%26b&format=json"
    )
    assert known.endpoint("https://a.example/") is None
    assert Providers.load("none").endpoints == ()
    with pytest.raises(OSError, match="nonexistent"):
        Providers.load("/nonexistent.json")
