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
def test_sites_are_cut_from_titles(title: str, name: str, expected: str) -> None:
    """At its end or begin, and only behind a separator."""
    assert without_site(title, [name]) == expected


def test_sites_in_titles() -> None:
    """By the host's name, or beside the page's own heading; nothing else is taken for one."""
    assert site_in("A tale | The Daily Post", "https://dailypost.example/", []) == "The Daily Post"
    assert site_in("A tale | Other", "https://x.example/", ["A tale"]) == "Other"
    assert site_in("A tale | Part two", "https://x.example/", []) is None
    assert site_in("Ten - Eleven", "https://news.example/", ["Ten - Eleven"]) is None
    assert site_in("A tale | Le Phare | Culture", "https://lephare.example/", []) == "Le Phare"
    assert site_in("A longer tale: Joe | Other", "https://x.example/", ["A longer tale"]) == "Other"


def test_what_a_page_is_names_no_site() -> None:
    """Where its title says so beside its heading."""
    assert site_in("Knots - Guide", "https://x.example/", ["Knots"]) is None
    assert site_in("A longer tale: Joe | Review", "https://x.example/", ["A longer tale"]) is None


@pytest.mark.parametrize(
    ("name", "host"),
    [("Ak\u015fam Vapuru", "aksamvapuru"), ("M\u00fchlstadt", "muehlstadt"),
     ("Mar\u0131n\u00e9", "marine"), ("The Post", "post")],
)  # fmt: skip
def test_names_of_hosts(name: str, host: str) -> None:
    """Hosts mostly have no accents."""
    assert is_of_host(name, f"https://www.{host}.example/")
    assert not is_of_host(name, "https://www.other.example/")


def test_labels_of_hosts_are_bounded() -> None:
    """The last of them are compared; a host may have 126."""
    assert is_of_host("Acme", "https://acme." + "a." * (MAX_LABELS - 1) + "example/")
    assert not is_of_host("Acme", "https://acme." + "a." * MAX_LABELS + "example/")


def test_sections_behind_the_site() -> None:
    """They are none of the page's title; what stands before the site is."""
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
def test_names_of_feeds(title: str, name: str | None) -> None:
    """Without the words for a feed; a feed that says nothing more names no site."""
    assert feed_name(title) == name
