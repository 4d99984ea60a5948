"""References with a mistake in the place of the host."""

import pytest
from splitflap_scraper.page.attributes.references import mended
from splitflap_scraper.page.document import Document

PAGE = "https://www.acme.example/dir/page"
MEANT = "https://cdn.acme.example/a.png"


@pytest.mark.parametrize(
    "reference",
    [
        "https:/cdn.acme.example/a.png",
        "https:///cdn.acme.example/a.png",
        "https:cdn.acme.example/a.png",
        "https//cdn.acme.example/a.png",
        "cdn.acme.example/a.png",
        "//https://cdn.acme.example/a.png",
        "https://https://cdn.acme.example/a.png",
        "https://www.acme.examplehttps://cdn.acme.example/a.png",
        "https://www.acme.example:https://cdn.acme.example/a.png",
        "  https:/cdn.acme.example/a.png\n",
    ],
)
def test_a_reference_leads_where_its_author_meant(reference: str) -> None:
    """A browser does the same for a scheme without slashes, unless the page has that scheme."""
    assert Document(PAGE).resolved(reference) == MEANT


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("www.b.example/x", "https://www.b.example/x"),
        ("acme.example", "https://acme.example/"),
        ("ACME.example/x?y", "https://acme.example/x?y"),
        ("i.imgur.com/a.png", "https://i.imgur.com/a.png"),
        ("acme.example:8080/x", "https://acme.example:8080/x"),
        ("/a.png?b=1&amp;c=2", "https://www.acme.example/a.png?b=1&c=2"),
        ("https:/images/a.png", "https://www.acme.example/images/a.png"),
    ],
)
def test_a_missing_scheme_is_added_before_a_host(reference: str, url: str) -> None:
    """A host is one of the site, or has a common suffix."""
    assert Document(PAGE).resolved(reference) == url


@pytest.mark.parametrize(
    "reference",
    ["a.png", "img.dir/a.png", "a.com.png", "/www.acme.example/a", "./www.acme.example/a", "?www.a",
     "#www.acme.example", "page.files/image001.gif", "https://b.example/https://c.example/",
     "https://b.example/?u=https://c.example/", "//b.example/a", "data:image/png;base64,AA",
     "mailto:a@acme.example", "v1.2/a.png", "httpd.conf", "", "httpsomething/a.png"],
)  # fmt: skip
def test_other_references_stay(reference: str) -> None:
    """Names of files may look like hosts, and a URL may contain another."""
    assert mended(reference, PAGE) == reference


def test_long_references_take_linear_time() -> None:
    """No search starts again at each character."""
    for part in ("a.", "a", "https:/", "//https", "-.", ":"):
        assert len(mended(part * 2000, PAGE)) < 5 * 4000
