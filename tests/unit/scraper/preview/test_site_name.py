"""The name of a site."""

import pytest
from splitflap_scraper.preview.fields.site_name import MAX_LABELS, feed_name, is_of_host, site_in
from splitflap_scraper.preview.fields.title_text import without_sections, without_site


@pytest.mark.parametrize(
    ("title", "name", "expected"),
    [
        ("A tale | Site", "Site", "A tale"),
        ("A tale - SITE", "Site", "A tale"),
        ("Site: A tale", "Site", "A tale"),
        ("Site", "Site", "Site"),
        ("A tale of Site", "Site", "A tale of Site"),
        ("Sitecom | A tale", "Site", "Sitecom | A tale"),
        ("\u3010Site\u3011A tale", "Site", "A tale"),
        ("[Site] A tale", "Site", "A tale"),
        ("~a/tale - Site", "Site", "~a/tale"),
    ],
)
def test_the_sites_name_is_stripped_from_a_title(title: str, name: str, expected: str) -> None:
    """A separator must stand between title and name."""
    assert without_site(title, [name]) == expected


def test_the_sites_name_is_found_in_a_title() -> None:
    """The name is like the host, or stands beside the page's heading."""
    assert site_in("A tale | The Daily Post", "https://dailypost.example/", []) == "The Daily Post"
    assert site_in("A tale | Other", "https://x.example/", ["A tale"]) == "Other"
    assert site_in("A tale | Part two", "https://x.example/", []) is None
    assert site_in("Ten - Eleven", "https://news.example/", ["Ten - Eleven"]) is None
    assert site_in("A tale | Le Phare | Culture", "https://lephare.example/", []) == "Le Phare"
    assert site_in("A longer tale: Joe | Other", "https://x.example/", ["A longer tale"]) == "Other"


def test_a_kind_of_page_is_no_site() -> None:
    """A kind of page may stand beside the heading, as a site's name does."""
    assert site_in("Knots - Guide", "https://x.example/", ["Knots"]) is None
    assert site_in("A longer tale: Joe | Review", "https://x.example/", ["A longer tale"]) is None


@pytest.mark.parametrize(
    ("name", "host"),
    [("Ak\u015fam Vapuru", "aksamvapuru"), ("M\u00fchlstadt", "muehlstadt"),
     ("Mar\u0131n\u00e9", "marine"), ("The Post", "post")],
)  # fmt: skip
def test_a_name_is_compared_with_the_host_by_its_letters(name: str, host: str) -> None:
    """Most hosts have no accents."""
    assert is_of_host(name, f"https://www.{host}.example/")
    assert not is_of_host(name, "https://www.other.example/")


def test_the_compared_labels_of_a_host_are_bounded() -> None:
    """A host may have 126 labels."""
    assert is_of_host("Acme", "https://acme." + "a." * (MAX_LABELS - 1) + "example/")
    assert not is_of_host("Acme", "https://acme." + "a." * MAX_LABELS + "example/")


def test_sections_after_the_site_are_stripped() -> None:
    """Parts before the site stay."""
    assert without_sections("A tale - Part 2 | Site | Culture", "site") == "A tale - Part 2"
    assert without_sections("Site | Culture | A tale", "Site") == "Site | Culture | A tale"
    assert without_sections("A tale | Sites | Culture", "Site") == "A tale | Sites | Culture"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Old Oak", "Old Oak"),
        ("Old Oak \u00bb Feed", "Old Oak"),
        ("Old Oak - RSS 2.0", "Old Oak"),
        ("RSS feed for Old Oak", "Old Oak"),
        ("Old Oak Atom feed", "Old Oak"),
        ("Old Oak \u00bb Comments Feed", None),
        ("RSS: all entries", None),
        ("RSS", None),
        ("Posts", None),
        ("x" * 200, None),
        ("", None),
    ],
)
def test_a_feed_names_its_site(title: str, name: str | None) -> None:
    """Words for a feed are stripped."""
    assert feed_name(title) == name
